package syntax_test

import (
	"encoding/json"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

func TestNotation(t *testing.T) {
	list := syntax.List{{Value: "a b"}, {Value: syntax.Number("+0x10")}}
	for _, tc := range []struct {
		value            any
		yaml, toml, json string
	}{
		{"plain", "plain", `"plain"`, `"plain"`},
		{"/etc/a.b-c", "/etc/a.b-c", `"/etc/a.b-c"`, `"/etc/a.b-c"`},
		{"yes", `"yes"`, `"yes"`, `"yes"`},
		{"Null", `"Null"`, `"Null"`, `"Null"`},
		{"80", `"80"`, `"80"`, `"80"`},
		{"", `""`, `""`, `""`},
		{"a\"\\\n\t\x01\U000e0001<", `"a\"\\\n\t\u0001\U000e0001<"`, `"a\"\\\n\t\u0001\U000e0001<"`, "\"a\\\"\\\\\\n\\t\\u0001\U000e0001<\""},
		{"$ $$ ${A} a$", `"$ $$$ $${A} a$"`, `"$ $$$ $${A} a$"`, `"$ $$$ $${A} a$"`},
		{true, "true", "true", "true"},
		{syntax.Number("1_000"), "1_000", "1000", "1000"},
		{syntax.Number(".5"), ".5", "0.5", "0.5"},
		{syntax.Number("-0b11"), "-0b11", "-3", "-3"},
		{syntax.Number("18446744073709551615"), "18446744073709551615", "18446744073709551615", "18446744073709551615"},
		{syntax.Number("-inf"), "-.inf", "-inf", `"-inf"`},
		{syntax.Number("+nan"), ".nan", "+nan", `"+nan"`},
		{json.Number("5"), "5", "5", "5"},
		{list, `["a b", +0x10]`, `["a b", 16]`, `["a b", 16]`},
		{[]any{"a", json.Number("1")}, "[a, 1]", `["a", 1]`, `["a", 1]`},
		{syntax.Table{{Name: "a b", Value: "c"}, {Name: "d", Value: list}}, `{"a b": c, d: ["a b", +0x10]}`, `{"a b" = "c", d = ["a b", 16]}`, `{"a b": "c", "d": ["a b", 16]}`},
	} {
		for file, want := range map[string]string{"a.yaml": tc.yaml, "a.TOML": tc.toml, "a.json": tc.json} {
			if got := syntax.NotationAt(mistake.Position{File: file}).Value(tc.value); got != want {
				t.Errorf("%s: %s, want %s", file, got, want)
			}
		}
	}
	if got := syntax.TOML.Pair("a", "b") + syntax.YAML.Pair("c", "d"); got != `a = "b"c: d` {
		t.Error(got)
	}
}

func TestLine(t *testing.T) {
	n := syntax.Node{Value: syntax.List{{Value: "a b"}, {Value: syntax.Number("1")}, {Value: syntax.Table{{Name: "x", Value: true}}}}}
	if got := n.Line(); got != "a b, 1, {x: true}" {
		t.Error(got)
	}
}

func TestNumber(t *testing.T) {
	for _, tc := range []struct {
		number                  syntax.Number
		signed, unsigned, float string
	}{
		{"0", "0", "0", "0"},
		{"-0", "0", "0", "0"},
		{"+1_0", "10", "10", "10"},
		{"-129", "out of range", "out of range", "-129"},
		{"-128", "-128", "out of range", "-128"},
		{"127", "127", "127", "127"},
		{"128", "out of range", "128", "128"},
		{"255", "out of range", "255", "255"},
		{"256", "out of range", "out of range", "256"},
		{"0xff", "out of range", "255", "255"},
		{"0o17", "15", "15", "15"},
		{"1.5", "not a whole number", "not a whole number", "1.5"},
		{"-1.5", "not a whole number", "not a whole number", "-1.5"},
		{"1e3", "not a whole number", "not a whole number", "1000"},
		{"inf", "not a whole number", "not a whole number", "+Inf"},
		{"1e400", "not a whole number", "not a whole number", "out of range"},
		{"-99999999999999999999", "out of range", "out of range", "-1e+20"},
	} {
		text := func(v any, err error) string {
			if err != nil {
				return err.Error()
			}
			b, _ := json.Marshal(v)
			if f, ok := v.(float64); ok && b == nil {
				_ = f
				return "+Inf"
			}
			return string(b)
		}
		signed, err1 := tc.number.Signed(8)
		unsigned, err2 := tc.number.Unsigned(8)
		float, err3 := tc.number.Float(64)
		if text(signed, err1) != tc.signed || text(unsigned, err2) != tc.unsigned {
			t.Errorf("%s: %v %v, %v %v", tc.number, signed, err1, unsigned, err2)
		}
		if got := text(float, err3); got != tc.float && !(tc.float == "-1e+20" && float == -1e20) {
			t.Errorf("%s: %v %v", tc.number, float, err3)
		}
	}
}

func TestParseText(t *testing.T) {
	for text, want := range map[string]syntax.Number{
		"5": "5", "-.INF": "-inf", "0": "0", "0.5": "0.5", "0x0f": "0x0f",
		"010": "", "-010": "", "5s": "", "": "", "1.2.3": "", "nan": "", "_1": "",
	} {
		if got, ok := syntax.ParseText(text); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

func TestIsFile(t *testing.T) {
	for name, want := range map[string]bool{"a.yaml": true, "a.YML": true, "a.json": true, "a.toml": true, "/dev/fd/3": true, "a.yaml~": false, "a.conf": false} {
		if syntax.IsFile(name) != want {
			t.Error(name)
		}
	}
}
