package setting_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// mode is a text that is not parsed.
type mode string

type allSettings struct {
	Count  int           `setting:"count" min:"1" max:"65536" example:"8" doc:"how many"`
	Few    *uint8        `setting:"few" max:"9"`
	Rate   float64       `setting:"rate" min:"0.5"`
	Wait   time.Duration `setting:"wait" min:"1ms" max:"24h"`
	Ring   setting.Size  `setting:"ring" min:"16KiB" max:"1GiB"`
	Mode   mode          `setting:"mode" enum:"in,out,both"`
	Levels []int         `setting:"levels" min:"1" max:"3"`
	Name   string        `setting:"name" required:"true"`
	Names  []string      `setting:"names" required:"true"`
	Hidden int
}

func sound(change ...func(*allSettings)) *allSettings {
	s := &allSettings{Count: 1, Rate: 1, Wait: time.Second, Ring: 1 << 20, Mode: "in", Name: "a", Names: []string{""}}
	for _, f := range change {
		f(s)
	}
	return s
}

func TestCheck(t *testing.T) {
	ten := uint8(10)
	for _, tc := range []struct {
		name   string
		change func(*allSettings)
		want   string // none if empty
	}{
		{"sound", func(*allSettings) {}, ""},
		{"lowest", func(s *allSettings) { s.Count, s.Rate, s.Wait, s.Ring = 1, 0.5, time.Millisecond, 16<<10 }, ""},
		{"highest", func(s *allSettings) { s.Count, s.Wait, s.Ring = 65536, 24*time.Hour, 1<<30 }, ""},
		{"below", func(s *allSettings) { s.Count = 0 }, "count: must be from 1 to 65536, not 0"},
		{"above", func(s *allSettings) { s.Count = 65537 }, "count: must be from 1 to 65536, not 65537"},
		{"pointer", func(s *allSettings) { s.Few = &ten }, "few: must be at most 9, not 10"},
		{"number", func(s *allSettings) { s.Rate = 0.25 }, "rate: must be at least 0.5, not 0.25"},
		{"no number", func(s *allSettings) { s.Rate = math.NaN() }, "rate: must be at least 0.5, not NaN"},
		{"duration", func(s *allSettings) { s.Wait = 25 * time.Hour }, "wait: must be from 1ms to 24h, not 25h"},
		{"size", func(s *allSettings) { s.Ring = 2 << 30 }, "ring: must be from 16KiB to 1GiB, not 2GiB"},
		{"enum", func(s *allSettings) { s.Mode = "inn" }, `mode: must be in, out or both, not "inn"`},
		{"enum, none", func(s *allSettings) { s.Mode = "" }, `mode: must be in, out or both, not ""`},
		{"list", func(s *allSettings) { s.Levels = []int{1, 4} }, "levels: must be from 1 to 3, not 4"},
		{"no text", func(s *allSettings) { s.Name = "" }, "name: is empty"},
		{"no list", func(s *allSettings) { s.Names = nil }, "names: is empty"},
		{"two", func(s *allSettings) { s.Count, s.Mode = -1, "up" }, "count: must be from 1 to 65536, not -1\n" + `mode: must be in, out or both, not "up"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ""
			if err := setting.Check(sound(tc.change)); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestCheckOfBadTags(t *testing.T) {
	for name, settings := range map[string]any{
		"no number": &struct {
			A int `setting:"a" min:"one"`
		}{},
		"no duration": &struct {
			A time.Duration `setting:"a" max:"10"`
		}{},
		"no size": &struct {
			A setting.Size `setting:"a" max:"big"`
		}{},
		"no bounds": &struct {
			A string `setting:"a" min:"1"`
		}{},
	} {
		if err := setting.Check(settings); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOf(t *testing.T) {
	all := setting.Of(allSettings{})
	if len(all) != 9 {
		t.Fatalf("%d settings", len(all))
	}
	want := setting.Info{
		Name: "count", Type: setting.Integer, Doc: "how many",
		Min: json.Number("1"), Max: json.Number("65536"), Example: json.Number("8"),
	}
	got := all[0]
	got.Field = reflect.StructField{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"in", "out", "both"}, all[5].Enum); diff != "" {
		t.Error(diff)
	}
}

func TestBounds(t *testing.T) {
	all := setting.Of(struct {
		None  int `setting:"none"`
		Least int `setting:"least" min:"1"`
		Most  int `setting:"most" max:"9"`
		Both  int `setting:"both" min:"1" max:"9"`
	}{})
	for i, want := range []string{"", "at least 1", "at most 9", "from 1 to 9"} {
		if got := all[i].Bounds(); got != want {
			t.Errorf("%s: %q, want %q", all[i].Name, got, want)
		}
	}
}

// TestCheckOfOthers has enums of one and two words, pointers that are nil, numbers
// without sign, and settings that are no struct.
func TestCheckOfOthers(t *testing.T) {
	type words struct {
		One   string   `setting:"one" enum:"in"`
		Two   *string  `setting:"two" enum:"in,out"`
		Large uint64   `setting:"large" min:"1" max:"18446744073709551615"`
		Each  []string `setting:"each" enum:"in,out"`
		Count int      `setting:"count" required:"true"` // always there
	}
	type parsed struct {
		Host net.IP `setting:"host" enum:"192.0.2.1"` // a slice
	}
	up, none := "up", struct{}{}
	number := 5
	for _, tc := range []struct {
		settings any
		want     string
	}{
		{&words{One: "in", Large: 1}, ""},
		{&words{One: "in", Large: 1<<64 - 1, Each: []string{"in", "out"}}, ""},
		{&words{One: "up", Large: 1}, `one: must be in, not "up"`},
		{&words{One: "in", Two: &up, Large: 1}, `two: must be in or out, not "up"`},
		{&words{One: "in"}, "large: must be from 1 to 18446744073709551615, not 0"},
		{&words{One: "in", Large: 1, Each: []string{"in", "up"}}, `each: must be in or out, not "up"`},
		{&parsed{net.IPv4(192, 0, 2, 1)}, ""},
		{&parsed{net.IPv4(192, 0, 2, 2)}, `host: must be 192.0.2.1, not "192.0.2.2"`},
		{&none, ""},
		{&number, ""},
	} {
		got := ""
		if err := setting.Check(tc.settings); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.settings, got, tc.want)
		}
	}
}

func TestErrorUnwraps(t *testing.T) {
	err := setting.Errorf("rate", "read it: %w", errors.ErrUnsupported)
	if !errors.Is(err, errors.ErrUnsupported) || err.Error() != "rate: read it: unsupported operation" {
		t.Errorf("error %v", err)
	}
}

func TestParse(t *testing.T) {
	all := append(setting.Of(allSettings{}), setting.Of(struct {
		Share percent  `setting:"share"`
		On    bool     `setting:"on"`
		None  struct{} `setting:"none"`
	}{})...)
	for _, tc := range []struct {
		setting int
		text    string
		want    string // of Format; an error if empty
	}{
		{0, "8", "8"},
		{0, "8.5", ""},
		{1, "9", "9"},
		{1, "256", ""},
		{2, "0.25", "0.25"},
		{3, "90m", "1h30m"},
		{3, "90", ""},
		{4, "65536", "64KiB"},
		{5, "in", "in"},
		{6, "1, 2,3", "1, 2, 3"},
		{6, "1,x", ""},
		{9, "50%", "50%"},
		{9, "0.5", ""},
		{10, "true", "true"},
		{10, "maybe", ""},
		{11, "any", ""},
	} {
		v, err := setting.Parse(tc.text, all[tc.setting].Field.Type)
		if (err != nil) != (tc.want == "") || err == nil && setting.Format(v) != tc.want {
			t.Errorf("%s %q: got %v, %v", all[tc.setting].Name, tc.text, v, err)
		}
	}
}

// percent is a number with a text of its own.
type percent float64

func (p percent) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%v%%", 100*float64(p)), nil }

func (p *percent) UnmarshalText(text []byte) error {
	_, err := fmt.Sscanf(string(text), "%g%%", (*float64)(p))
	*p /= 100
	return err
}

func TestFormat(t *testing.T) {
	for _, tc := range []struct {
		value any
		want  string
	}{
		{1, "1"},
		{true, "true"},
		{"text", "text"},
		{1.0, "1"},
		{1e9, "1000000000"},
		{0.001, "0.001"},
		{1e-9, "1e-09"},
		{0.0, "0"},
		{1e-4, "0.0001"},
		{0.99e-4, "9.9e-05"},
		{1e15, "1e+15"},
		{0.999e15, "999000000000000"},
		{-1e-4, "-0.0001"},
		{-0.99e-4, "-9.9e-05"},
		{-1e15, "-1e+15"},
		{-0.999e15, "-999000000000000"},
		{float32(0.1), "0.1"},
		{30 * time.Second, "30s"},
		{24 * time.Hour, "24h"},
		{90 * time.Minute, "1h30m"},
		{10 * time.Minute, "10m"},
		{20 * time.Hour, "20h"},
		{time.Duration(0), "0s"},
		{time.Hour + 30*time.Second, "1h0m30s"},
		{-time.Hour, "-1h"},
		{setting.Size(4 << 20), "4MiB"},
		{netip.MustParsePrefix("192.0.2.0/24"), "192.0.2.0/24"},
		{[]int{1, 2}, "1, 2"},
		{(*int)(nil), ""},
		{fmt.Stringer(netip.MustParseAddr("::1")), "::1"},
		{new(5), "5"},
		{net.IPv4(192, 0, 2, 1), "192.0.2.1"},
		{percent(0.5), "50%"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "10000-01-01 00:00:00 +0000 UTC"}, // has no text of RFC 3339
	} {
		if got := setting.Format(reflect.ValueOf(tc.value)); got != tc.want {
			t.Errorf("%v: got %q, want %q", tc.value, got, tc.want)
		}
	}
}

func TestLimits(t *testing.T) {
	for kind, want := range map[reflect.Type][2]json.Number{
		reflect.TypeFor[int8]():   {"-128", "127"},
		reflect.TypeFor[int64]():  {"-9223372036854775808", "9223372036854775807"},
		reflect.TypeFor[uint8]():  {"0", "255"},
		reflect.TypeFor[uint64](): {"0", "18446744073709551615"},
		reflect.TypeFor[uint]():   {"0", json.Number(fmt.Sprint(uint(math.MaxUint)))},
	} {
		if least, most := setting.Limits(kind); least != want[0] || most != want[1] {
			t.Errorf("%v: %s to %s, want %v", kind, least, most, want)
		}
	}
}

func TestLine(t *testing.T) {
	for _, tc := range []struct {
		value any
		want  string
	}{
		{nil, ""},
		{true, "true"},
		{json.Number("8"), "8"},
		{[]any{}, ""},
		{[]any{"192.0.2.0/24", json.Number("9")}, "192.0.2.0/24, 9"},
	} {
		if got := setting.Line(tc.value); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.value, got, tc.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "",
		"a  b\nc":          "a b c",
		"aaaa bbbb":        "aaaa bbbb",
		"aaaa bbbbb":       "aaaa|bbbbb",
		"aaaaaaaaaaaa b":   "aaaaaaaaaaaa|b",
		"b aaaaaaaaaaaa":   "b|aaaaaaaaaaaa",
		"ä ä ä ä ä ä":      "ä ä ä ä ä|ä",
		"one two three go": "one two|three go",
	} {
		if got := strings.Join(setting.Wrap(text, 9), "|"); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestSentence(t *testing.T) {
	for doc, want := range map[string]string{"of a. b.": "Of a. b.", "": ""} {
		if got := setting.Sentence(doc); got != want {
			t.Errorf("%q: %q", doc, got)
		}
	}
}
