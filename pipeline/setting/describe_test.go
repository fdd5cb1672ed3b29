package setting_test

import (
	"encoding/json"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// described has settings of every type.
type described struct {
	On       bool           `setting:"on"`
	Port     uint16         `setting:"port"`
	Offset   *int8          `setting:"offset"`
	Table    uint32         `setting:"table"`
	Burst    int32          `setting:"burst" min:"1"`
	Depth    int32          `setting:"depth" max:"9"`
	Total    int64          `setting:"total"`
	Share    float64        `setting:"share" min:"0" max:"1"`
	Wait     time.Duration  `setting:"wait" example:"90s"`
	Ring     setting.Size   `setting:"ring" max:"1GiB"`
	Sizes    []setting.Size `setting:"sizes"`
	Mode     mode           `setting:"mode" enum:"in,out"`
	Secret   secret         `setting:"secret"`
	Unset    *int           `setting:"unset"`
	Start    time.Duration  `setting:"start" example:"soon"` // not one
	Gateway  net.IP         `setting:"gateway"`
	Label    string         `setting:"label"`
	Flag     flag           `setting:"flag"`
	Level    level          `setting:"level"`
	Part     percent        `setting:"part"`
	Color    color          `setting:"color"`
	Shape    shape          `setting:"shape"`
	Prefixes []netip.Prefix `setting:"prefixes" example:"192.0.2.0/24,::/0"`
	Name     string         `setting:"name" required:"true"`
	Peer     struct {
		Addr netip.Addr `setting:"addr"`
	} `setting:"peer"`
}

// secret is a text that can be read but not written.
type secret struct{ text string }

func (s *secret) UnmarshalText(text []byte) error {
	s.text = string(text)
	return nil
}

// Types that are read from text: a bool and a text with words of their own, and structs that
// can be written in one way only.
type (
	flag  bool
	level string
	color struct{ name string }
	shape struct{ name string }
)

func (f *flag) UnmarshalText(text []byte) error {
	*f = string(text) == "yes"
	return nil
}

func (f flag) String() string { return map[flag]string{false: "no", true: "yes"}[f] }

func (l *level) UnmarshalText(text []byte) error {
	*l = level(text)
	return nil
}

func (c *color) UnmarshalText(text []byte) error {
	c.name = string(text)
	return nil
}

func (c color) MarshalText() ([]byte, error) { return []byte(c.name), nil }

func (s *shape) UnmarshalText(text []byte) error {
	s.name = string(text)
	return nil
}

func (s shape) String() string { return s.name }

func TestDescribe(t *testing.T) {
	s := described{
		On: true, Port: 80, Offset: new(int8(-1)), Table: 254, Share: 1e-9, Wait: time.Hour, Ring: 1 << 20, Mode: "in",
		Gateway: net.IPv4(192, 0, 2, 1), Label: "10", Flag: true, Level: "high", Part: 0.5, Color: color{"red"}, Shape: shape{"ring"},
		Prefixes: []netip.Prefix{netip.MustParsePrefix("::/0")},
	}
	s.Peer.Addr = netip.MustParseAddr("192.0.2.1")
	const want = `
on: true/false, default true
port: whole number, 0 to 65535, default 80
offset: whole number, -128 to 127, default -1
table: whole number, 0 to 4294967295, default 254
burst: whole number, 1 or more, default 0
depth: whole number, up to 9, default 0
total: whole number, default 0
share: number, 0 to 1, default 1e-09
wait: duration, default "1h", example "1m30s"
ring: size, up to 1GiB, default "1MiB"
sizes: list of sizes, default []
mode: text, in, out, default "in"
secret: text
unset: whole number
start: duration, default "0s", example "soon"
gateway: text, default "192.0.2.1"
label: text, default "10"
flag: text, default "yes"
level: text, default "high"
part: text, default "50%"
color: text, default "red"
shape: text, default "ring"
prefixes: list of text, default ["::/0"], example ["192.0.2.0/24","::/0"]
name: text
peer: section
peer.addr: text, default "192.0.2.1"
`
	if diff := cmp.Diff(want, "\n"+lines(t, "", setting.Describe(&s))); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

// lines returns what may be written for settings, a line for each.
func lines(t *testing.T, section string, all []setting.Info) (text string) {
	t.Helper()
	for _, s := range all {
		line := section + s.Name + ": " + s.Kind()
		if allowed := s.Allowed(); allowed != "" {
			line += ", " + allowed
		}
		text += line + asJSON(t, ", default ", s.Default) + asJSON(t, ", example ", s.Example) + "\n"
		text += lines(t, section+s.Name+".", s.Settings)
	}
	return text
}

// asJSON returns a value as JSON behind a label, nothing if it is nil.
func asJSON(t *testing.T, label string, value any) string {
	t.Helper()
	if value == nil {
		return ""
	}
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return label + string(b)
}
