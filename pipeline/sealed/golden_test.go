package sealed_test

import (
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/sealed"
)

var update = flag.Bool("update", false, "seal testdata/version1.hex again")

const goldenFile = "testdata/version1.hex"

// golden returns a datagram with a packet of 28 bytes.
func golden(t testing.TB) []byte {
	t.Helper()
	if *update {
		text := hex.EncodeToString(sealed.NewSealer(key(t, secret)).Seal(nil, packet(28), now)) + "\n"
		if err := os.WriteFile(goldenFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	datagram, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return datagram
}
