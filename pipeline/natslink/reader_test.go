package natslink_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/sealed"
)

// TestSealed opens messages that are sealed, or are not though there is a key.
func TestSealed(t *testing.T) {
	const maxAge = 5 * time.Second
	now := time.Unix(1_000_000_000, 0)
	ip := pipelinetest.PTB{}.Frame()[14:]
	keyed, plain := natslink.Settings{Key: []string{"a text that is long enough"}}, natslink.Settings{}
	write := func(s natslink.Settings, packet []byte, sent time.Time) []byte {
		w, err := natslink.NewWriter(&s)
		if err != nil {
			t.Fatal(err)
		}
		return w.Append(nil, packet, sent)
	}
	change := func(message []byte, at int) []byte {
		message[at] ^= 0x40
		return message
	}
	for _, tc := range []struct {
		name    string
		reader  natslink.Settings
		message []byte
		want    natslink.Fault
	}{
		{"sealed", keyed, write(keyed, ip, now), natslink.OK},
		{"sealed, without a key", plain, write(keyed, ip, now), natslink.UnknownKey},
		{"sealed with another key", keyed, write(natslink.Settings{Key: []string{"another text of that length"}}, ip, now), natslink.UnknownKey},
		{"sealed, changed", keyed, change(write(keyed, ip, now), sealed.Overhead+8), natslink.Forged},
		{"sealed, too old", keyed, write(keyed, ip, now.Add(-maxAge-time.Second)), natslink.TooOld},
		{"sealed, no IP", keyed, write(keyed, []byte("text"), now), natslink.NotIP},
		{"sealed, cut", keyed, write(keyed, ip, now)[:20], natslink.Malformed},
		{"plain, with a key", keyed, write(plain, ip, now), natslink.NotSealed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := natslink.NewReader(&tc.reader, maxAge)
			if err != nil {
				t.Fatal(err)
			}
			packet, fault := r.Open(tc.message, now)
			if fault != tc.want || fault == natslink.OK && !bytes.Equal(packet, ip) {
				t.Errorf("%v, % x, want %v", fault, packet, tc.want)
			}
		})
	}
}

// TestKeys has a key that is none.
func TestKeys(t *testing.T) {
	s := natslink.Settings{Key: []string{"short"}}
	if _, err := natslink.NewReader(&s, time.Second); err == nil {
		t.Error("a reader is made")
	}
	if _, err := natslink.NewWriter(&s); err == nil {
		t.Error("a writer is made")
	}
}
