package natslink_test

import (
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/natslink"
)

func TestServer(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"nats://192.0.2.5", "nats://192.0.2.5:4222"},
		{"nats.example.net", "nats://nats.example.net:4222"},
		{"nats.example.net:65535", "nats://nats.example.net:65535"},
		{"tls://NATS.example.net:1/", "tls://nats.example.net:1"},
		{"tls://[2001:db8::5]", "tls://[2001:db8::5]:4222"},
		{"[2001:db8::5]:4223", "nats://[2001:db8::5]:4223"},
		{"[fe80::1%eth0]:4222", "nats://[fe80::1%eth0]:4222"},
	} {
		t.Run(tc.text, func(t *testing.T) {
			var s, again natslink.Server
			if err := s.UnmarshalText([]byte(tc.text)); err != nil {
				t.Fatal(err)
			}
			text, err := s.MarshalText()
			if string(text) != tc.want || s.String() != tc.want || err != nil {
				t.Errorf("%s, %v, want %s", text, err, tc.want)
			}
			if err := again.UnmarshalText(text); err != nil || again != s {
				t.Errorf("read again: %v, %v", again, err)
			}
		})
	}
}

func TestServerRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "neither an IPv4 or IPv6 address nor a host name",
		"ws://nats.example.net":        `has the scheme "ws"; write nats:// or tls://`,
		"nats://u:p@nats.example.net":  "use the settings `user` and `password`",
		"nats://nats.example.net:0":    "has no port from 1 to 65535",
		"nats.example.net:65536":       "has no port from 1 to 65535",
		"nats.example.net:nats":        "has no port from 1 to 65535",
		"::5":                          "has an IPv6 address without brackets; write [2001:db8::5]:4222",
		"2001:db8::5":                  "has an IPv6 address without brackets; write [2001:db8::5]:4222",
		"nats://0.0.0.0":               "stands for no host",
		"nats://[fe80::1]:4222":        "needs an interface",
		"nats://nats.example.net/path": "neither an IPv4 or IPv6 address nor a host name",
	} {
		t.Run(text, func(t *testing.T) {
			var s natslink.Server
			if err := s.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}
