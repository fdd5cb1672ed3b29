package natslink_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/prefixset"
)

func subject(t *testing.T, text string) (s natslink.Subject) {
	t.Helper()
	netns.Must(t, s.UnmarshalText([]byte(text)))
	if written, err := s.MarshalText(); string(written) != text || err != nil || s.String() != text {
		t.Errorf("written %s, %v", written, err)
	}
	return s
}

func TestSubject(t *testing.T) {
	for _, tc := range []struct{ text, addr, want string }{
		{"pmtud.ptb", "192.0.2.1", "pmtud.ptb"},
		{"x", "::1", "x"},
		{"pmtud.ptb.{target}", "203.0.113.80", "pmtud.ptb.203.0.113.80"},
		{"pmtud.ptb.{target}", "2001:db8::80", "pmtud.ptb.2001.db8.0.0.0.0.0.80"},
		{"{target}", "fe80::1", "fe80.0.0.0.0.0.0.1"},
		{"a.{target}.b", "192.0.2.1", "a.192.0.2.1.b"},
	} {
		s := subject(t, tc.text)
		got := s.For(netip.MustParseAddr(tc.addr))
		if got != tc.want || !server.IsValidLiteralSubject(got) {
			t.Errorf("%s for %s is %s, want %s", tc.text, tc.addr, got, tc.want)
		}
		if s.HasTarget() != strings.Contains(tc.text, "{") {
			t.Errorf("%s has a target: %v", tc.text, s.HasTarget())
		}
	}
}

func TestSubjectRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "has an empty token",
		".a":                     "has an empty token",
		"a.":                     "has an empty token",
		"a..b":                   "has an empty token",
		"a.*":                    "has a wildcard",
		"a.>":                    "has a wildcard",
		"a b":                    "has a character that is not printable ASCII",
		"a.ä":                    "has a character that is not printable ASCII",
		"a\x7f":                  "has a character that is not printable ASCII",
		"$SYS.a":                 "begins with $",
		"a.{target":              "has braces",
		"a.{router}":             "has braces",
		"a.x{target}":            "has braces",
		"{target}.{target}":      "has {target} twice",
		strings.Repeat("a", 257): "has 257 bytes, at most 256",
	} {
		t.Run(text, func(t *testing.T) {
			var s natslink.Subject
			if err := s.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
	subject(t, strings.Repeat("a", 256))
}

func TestSubscriptions(t *testing.T) {
	const v6, every6 = "p.2001.db8.4.0.0.0.0.80", "p.*.*.*.*.*.*.*.*"
	for _, tc := range []struct {
		subject, targets string
		want             string
	}{
		{"p", "", "p"},
		{"p.{target}", "", "p.*.*.*.* " + every6},
		{"p.{target}.q", "", "p.*.*.*.*.q p.*.*.*.*.*.*.*.*.q"},
		{"p.{target}", "203.0.113.80/32 2001:db8:4::80/128", "p.203.0.113.80 " + v6},
		{"p.{target}", "203.0.113.0/24 10.0.0.0/8 172.16.0.0/16", "p.203.0.113.* p.10.*.*.* p.172.16.*.*"},
		{"p.{target}", "0.0.0.0/0", "p.*.*.*.*"},
		{"p.{target}", "2001:db8::/32 ::/0", "p.2001.db8.*.*.*.*.*.* " + every6},
		{"p.{target}", "192.0.2.1/32 192.0.2.1/32", "p.192.0.2.1"},
	} {
		t.Run(tc.subject+" "+tc.targets, func(t *testing.T) {
			got, err := subject(t, tc.subject).Subscriptions(prefixes(tc.targets))
			netns.Must(t, err)
			if strings.Join(got, " ") != tc.want {
				t.Errorf("%v, want %s", got, tc.want)
			}
			for _, s := range got {
				if !server.IsValidSubject(s) {
					t.Errorf("%s is no subject", s)
				}
			}
		})
	}
	for _, targets := range []string{"192.0.2.0/25", "192.0.2.0/23", "2001:db8::/40", "2001:db8::/33"} {
		if _, err := subject(t, "p.{target}").Subscriptions(prefixes(targets)); err == nil || !strings.Contains(err.Error(), "multiple of") {
			t.Errorf("%s: %v", targets, err)
		}
	}
	if _, err := subject(t, "p").Subscriptions(prefixes("192.0.2.0/24")); err == nil || !strings.Contains(err.Error(), "no token {target}") {
		t.Error(err)
	}
}

func prefixes(texts string) (list []prefixset.Prefix) {
	for text := range strings.FieldsSeq(texts) {
		list = append(list, prefixset.Prefix{Prefix: netip.MustParsePrefix(text)})
	}
	return list
}

// TestSubscriptionsMatch wants a subscription to get what is for its prefix, and nothing else.
func TestSubscriptionsMatch(t *testing.T) {
	s := subject(t, "a.{target}.b")
	addrs := []string{"192.0.2.1", "192.0.3.1", "192.1.2.1", "2001:db8::1", "2001:db8:1::1", "2001:db9::1", "::"}
	for _, text := range []string{"192.0.2.0/24", "192.0.0.0/16", "192.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "2001:db8::/48", "::/0", "::/128"} {
		p := netip.MustParsePrefix(text)
		list, err := s.Subscriptions([]prefixset.Prefix{{Prefix: p}})
		netns.Must(t, err)
		for _, addr := range addrs {
			a := netip.MustParseAddr(addr)
			if got := slices.ContainsFunc(list, func(w string) bool { return server.SubjectsCollide(s.For(a), w) }); got != p.Contains(a) {
				t.Errorf("%s gets %s: %v", text, addr, got)
			}
		}
	}
}
