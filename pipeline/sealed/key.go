package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MinKeyLen is the length in bytes of the shortest text that makes a key.
const MinKeyLen = 16

// Example is the text that manuals and schemas have as an example, which makes no key.
const Example = "a-secret-of-your-own"

// Key seals and opens.
type Key struct {
	id   [idLen]byte
	aead cipher.AEAD
}

// NewKey derives a key from a text, which white space around it does not change.
func NewKey(text string) (Key, error) {
	const advice = "make one with `head -c 32 /dev/urandom | base64`"
	text = strings.TrimSpace(text)
	switch {
	case len(text) < MinKeyLen:
		return Key{}, fmt.Errorf("is too short: %d bytes, at least %d; "+advice, len(text), MinKeyLen)
	case text == Example:
		return Key{}, errors.New("is the example, which everybody knows; " + advice)
	}
	return derive(text), nil
}

// ErrNoKey is the error of [Keys] without texts.
var ErrNoKey = errors.New("is missing; give all hosts the same text, such as ${file:/etc/pmtud/key}, or set insecure")

// Keys derives the keys of a configuration, of which the first one seals. Insecure allows
// that there are no texts: then there is one key that everybody knows.
func Keys(texts []string, insecure bool) (keys []Key, err error) {
	switch {
	case len(texts) == 0 && insecure:
		return []Key{derive("")}, nil
	case len(texts) == 0:
		return nil, ErrNoKey
	}
	for i, text := range texts {
		key, err := NewKey(text)
		if err != nil {
			return nil, fmt.Errorf("number %d %w", i+1, err)
		}
		if j := slices.IndexFunc(keys, func(k Key) bool { return k.id == key.id }); j >= 0 {
			return nil, fmt.Errorf("number %d has the same id as number %d; use another text", i+1, j+1)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func derive(text string) Key {
	block, err := aes.NewCipher(expand(text, "key", 32))
	if err != nil {
		panic(err) // the length is right
	}
	aead, err := cipher.NewGCMWithNonceSize(block, nonceLen)
	if err != nil {
		panic(err) // likewise
	}
	return Key{id: [idLen]byte(expand(text, "id", idLen)), aead: aead}
}

func expand(text, what string, n int) []byte {
	key, err := hkdf.Key(sha256.New, []byte(text), nil, "pmtud sealed v1 "+what, n)
	if err != nil {
		panic(err) // n is small enough
	}
	return key
}
