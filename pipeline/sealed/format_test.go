package sealed_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/pmtud/pmtud/pipeline/sealed"
)

// sealAs seals a packet by the documentation of the format, as any sender and with any counter.
func sealAs(t *testing.T, sender [16]byte, counter uint64, packet []byte) []byte {
	t.Helper()
	expand := func(what string, n int) []byte {
		b, err := hkdf.Key(sha256.New, []byte(secret), nil, "pmtud sealed v1 "+what, n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	block, err := aes.NewCipher(expand("key", 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithNonceSize(block, 24)
	if err != nil {
		t.Fatal(err)
	}
	header := append([]byte{1}, expand("id", 3)...)
	nonce := binary.BigEndian.AppendUint64(sender[:], counter)
	plain := append(binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano())), packet...)
	return aead.Seal(slices.Concat(header, nonce), nonce, plain, header)
}

// TestSendersAndCounters has senders that differ in one byte, and counters far apart up to the
// last one.
func TestSendersAndCounters(t *testing.T) {
	o := opener(t, 8, secret)
	for i, step := range []struct {
		sender  [16]byte
		counter uint64
		want    sealed.Fault
	}{
		{[16]byte{}, 0, sealed.OK},
		{[16]byte{}, 0, sealed.Replayed},
		{[16]byte{0: 1}, 0, sealed.OK},
		{[16]byte{15: 1}, 0, sealed.OK},
		{[16]byte{}, 1 << 62, sealed.OK},
		{[16]byte{}, 1<<62 - sealed.WindowLen, sealed.Replayed},
		{[16]byte{}, 1<<62 - sealed.WindowLen + 1, sealed.OK},
		{[16]byte{}, 5, sealed.Replayed},
		{[16]byte{}, math.MaxUint64 - 1, sealed.OK},
		{[16]byte{}, math.MaxUint64, sealed.Replayed}, // none is newer than that
		{[16]byte{}, math.MaxUint64 - 1, sealed.Replayed},
		{[16]byte{}, math.MaxUint64 - 2, sealed.OK},
	} {
		got, fault := o.Open(sealAs(t, step.sender, step.counter, packet(100)), now)
		if fault != step.want || fault == sealed.OK && !bytes.Equal(got, packet(100)) {
			t.Errorf("step %d: %v, want %v, packet %x", i, fault, step.want, got)
		}
	}
}
