package portlist_test

import (
	"strings"
	"testing"

	"github.com/pmtud/pmtud/filters/portlist"
)

func TestRange(t *testing.T) {
	for text, want := range map[string]struct {
		portlist.Range
		written string
	}{
		"80":        {portlist.Range{First: 80, Last: 80}, "80"},
		"0":         {portlist.Range{}, "0"},
		"65535":     {portlist.Range{First: 65535, Last: 65535}, "65535"},
		"080":       {portlist.Range{First: 80, Last: 80}, "80"},
		"8000-8080": {portlist.Range{First: 8000, Last: 8080}, "8000-8080"},
		"80-80":     {portlist.Range{First: 80, Last: 80}, "80"},
		"0-65534":   {portlist.Range{Last: 65534}, "0-65534"},
		"1-65535":   {portlist.Range{First: 1, Last: 65535}, "1-65535"},
		"0-65535":   {portlist.Range{Last: 65535}, "0-65535"},
		"443/udp":   {portlist.Range{First: 443, Last: 443, Protocol: 17}, "443/udp"},
		"80-90/tcp": {portlist.Range{First: 80, Last: 90, Protocol: 6}, "80-90/tcp"},
		"0-90/tcp":  {portlist.Range{Last: 90, Protocol: 6}, "0-90/tcp"},
		"1/sctp":    {portlist.Range{First: 1, Last: 1, Protocol: 132}, "1/sctp"},
		"tcp":       {portlist.Range{Last: 65535, Protocol: 6}, "tcp"},
		"udplite":   {portlist.Range{Last: 65535, Protocol: 136}, "udplite"},

		"90-65535/tcp": {portlist.Range{First: 90, Last: 65535, Protocol: 6}, "90-65535/tcp"},
		"0-65535/dccp": {portlist.Range{Last: 65535, Protocol: 33}, "dccp"},
	} {
		t.Run(text, func(t *testing.T) {
			var got portlist.Range
			if err := got.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if got != want.Range {
				t.Errorf("range %+v, want %+v", got, want.Range)
			}
			if written, err := got.MarshalText(); string(written) != want.written || err != nil {
				t.Errorf("written as %q (%v), want %q", written, err, want.written)
			}
		})
	}
}

func TestRangeRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                      `"" is not a port`,
		" 80":                   `" 80" is not a port`,
		"80 ":                   `"80 " is not a port`,
		"+80":                   `"+80" is not a port`,
		"-80":                   `"-80" is not a port`,
		"65536":                 `"65536" is not a port`,
		"4294967376":            `"4294967376" is not a port`, // 80 in 32 bits
		"18446744073709551696":  `"18446744073709551696" is not a port`,
		"0x50":                  `"0x50" is not a port`,
		"8e1":                   `"8e1" is not a port`,
		"٨٠":                    `is not a port`,
		"http":                  `"http" is not a port`,
		"icmp":                  `"icmp" is not a port`,
		"TCP":                   `"TCP" is not a port`,
		"443/":                  `"" is not a protocol with ports; write one of tcp, udp, sctp, dccp, udplite`,
		"443/icmp":              `"icmp" is not a protocol with ports`,
		"/udp":                  `"" is not a port`,
		"tcp/443":               `"443" is not a protocol with ports`,
		"443/udp/tcp":           `"udp/tcp" is not a protocol with ports`,
		"80,443":                `"80,443" is not a port; write several as a list, such as [80, 443]`,
		"80-":                   `"80-" is not a port`,
		"-":                     `"-" is not a port`,
		"80 - 90":               `"80 " is not a port`,
		"80--90":                `"-90" is not a port`,
		"80-90-100":             `"90-100" is not a port`,
		"80-65536":              `"65536" is not a port`,
		"90-80":                 `"90-80" is not a range: it ends before it begins`,
		strings.Repeat("9", 99): "is not a port",
	} {
		t.Run(text, func(t *testing.T) {
			var r portlist.Range
			if err := r.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("range %v, error %v, want %q", r, err, want)
			}
		})
	}
}
