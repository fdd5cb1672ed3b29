package prefixset_test

import (
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/prefixset"
)

func TestUnmarshalText(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.0/24":         "192.0.2.0/24",
		"192.0.2.1":            "192.0.2.1/32",
		"192.0.2.1/32":         "192.0.2.1/32",
		"0.0.0.0/0":            "0.0.0.0/0",
		"2001:db8::/32":        "2001:db8::/32",
		"2001:db8::1":          "2001:db8::1/128",
		"2001:DB8:0::1":        "2001:db8::1/128",
		"::/0":                 "::/0",
		"::ffff:192.0.2.1":     "192.0.2.1/32",
		"::ffff:192.0.2.0/120": "192.0.2.0/24",
		"::ffff:0:0/96":        "0.0.0.0/0",
		"::fffe:0:0/95":        "::fffe:0:0/95",
	} {
		t.Run(text, func(t *testing.T) {
			var p prefixset.Prefix
			if err := p.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if got, _ := p.MarshalText(); string(got) != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func TestUnmarshalTextRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "neither an address nor a prefix",
		"example.org":          "neither an address nor a prefix",
		" 192.0.2.1":           "neither an address nor a prefix",
		"192.0.2.1 ":           "neither an address nor a prefix",
		"192.0.2":              "neither an address nor a prefix",
		"192.0.2.256":          "neither an address nor a prefix",
		"192.0.02.1":           "neither an address nor a prefix",
		"192.0.2.0/33":         "neither an address nor a prefix",
		"192.0.2.0/-1":         "neither an address nor a prefix",
		"192.0.2.0/":           "neither an address nor a prefix",
		"192.0.2.0/024":        "neither an address nor a prefix",
		"2001:db8::/129":       "neither an address nor a prefix",
		"fe80::1%eth0":         "neither an address nor a prefix",
		"fe80::%eth0/64":       "neither an address nor a prefix",
		"192.0.2.1/24":         "host bits set; write 192.0.2.0/24",
		"2001:db8::1/64":       "host bits set; write 2001:db8::/64",
		"::ffff:192.0.2.1/120": "host bits set; write 192.0.2.0/24",
	} {
		t.Run(text, func(t *testing.T) {
			var p prefixset.Prefix
			if err := p.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, error %v, want %q", p, err, want)
			}
		})
	}
}
