package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline/setting"
)

type menu struct {
	Dishes []dish `setting:"dishes" required:"true"`
}

type dish struct {
	Name   string                       `setting:"name" required:"true"`
	Price  *uint16                      `setting:"price"`
	With   []string                     `setting:"with"`
	Grams  map[string]map[string]uint64 `setting:"grams"`
	Served served                       `setting:"served"`
	At     config.Position
}

type served struct {
	Hot bool `setting:"hot"`
}

func (d *dish) Check() error {
	if d.Price != nil && *d.Price == 13 {
		return setting.Errorf("price", "must not be 13")
	}
	return nil
}

func writeText(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDecode reads the same structs from all ways to write them.
func TestDecode(t *testing.T) {
	price := uint16(5)
	want := menu{[]dish{
		{Name: "soup", Price: &price, With: []string{"bread"}, Served: served{true}},
		{Name: "cake", Grams: map[string]map[string]uint64{"of": {"flour": 200, "sugar": 1}}},
	}}
	for name, file := range map[string]struct{ name, text string }{
		"map": {"m.yaml", `
dishes:
  soup: {price: 5, with: bread, served: {hot: true}}
  cake:
    grams: {of: {flour: 200, sugar: 1}}
`},
		"list": {"m.yaml", `
dishes:
  - {name: soup, price: 5, with: [bread], served: {hot: true}}
  - name: cake
    grams:
      of: {flour: 200, sugar: 1}
`},
		"TOML": {"m.toml", `
[dishes.soup]
price = 5
with = ["bread"]
served.hot = true
[dishes.cake.grams.of]
flour = 200
sugar = 1
`},
		"TOML list": {"m.toml", `
[[dishes]]
name = "soup"
price = 5
with = "bread"
[dishes.served]
hot = true
[[dishes]]
name = "cake"
grams = {of = {flour = 200, sugar = 1}}
`},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeText(t, file.name, file.text)
			var got menu
			if err := config.Decode(t.Context(), path, &got); err != nil {
				t.Fatal(err)
			}
			for i := range got.Dishes {
				if at := got.Dishes[i].At; at.File != path || at.Line == 0 {
					t.Errorf("dish %d stands at %v", i, at)
				}
				got.Dishes[i].At = config.Position{}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecodeMistakes wants each mistake at its place, all in one run.
func TestDecodeMistakes(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"unknown":         {"dishs: 1", []string{"1:1: unknown setting `dishs` of the file; did you mean `dishes`?"}},
		"missing":         {"other: 1", []string{" the file needs the setting `dishes`; add `dishes`", "1:1: unknown setting `other` of the file; valid here: `dishes`"}},
		"empty":           {"", []string{": file is empty"}},
		"no value":        {"dishes:", []string{"1:1: `dishes` has no value"}},
		"text for a list": {"dishes: x", []string{"1:9: `dishes` must be a list, or a mapping by name, not text"}},
		"text for a struct": {"dishes: [x, {name: y, served: 3}]", []string{
			"1:10: `dishes` must contain name-value pairs, not text",
			"1:31: `served` must contain name-value pairs, not the number 3",
		}},
		"no value in a list":   {"dishes: [~]", []string{"1:10: element of `dishes` has no value"}},
		"no value in a map":    {"dishes: {a: }", []string{"1:10: `a` has no value"}},
		"wrong types":          {"dishes: {a: {price: x, with: [1], served: {hot: yes}}}", []string{"1:21: `price` must be a whole number, not text", "1:31: `with` must be text, not the number 1; put quotes around it: \"1\"", "1:49: `hot` must be true or false, not text; write true"}},
		"wrong types in a map": {"dishes: {a: {grams: {b: 3, c: {d: 1.5, e: , f: 1}}}}", []string{"1:25: `b` must contain name-value pairs, not the number 3", "1:35: `d` must be a whole number, not 1.5", "1:40: `e` has no value"}},
		"unknown within":       {"dishes: {a: {pric: 1, served: {ht: true}}}", []string{"1:14: unknown setting `pric` of `a`; did you mean `price`?", "1:32: unknown setting `ht` of `served`; did you mean `hot`?"}},
		"no name":              {"dishes: [{price: 1}]", []string{"1:10: element of `dishes` needs the setting `name`; add `name`"}},
		"two names":            {"dishes: {a: {name: b}}", []string{"1:14: `a` has a name already"}},
		"check":                {"dishes: {a: {price: 13}}", []string{"1:21: `price` must not be 13"}},
		"twice":                {"dishes: {a: {price: 1, price: 2}}", []string{"1:24: `price` is declared twice, first on line 1; remove one of them"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeText(t, "m.yaml", tc.text)
			err := config.Decode(t.Context(), path, new(menu))
			var mistakes config.Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("error is %v", err)
			}
			var got []string
			for _, m := range mistakes {
				first, _, _ := strings.Cut(m.Error(), "\n")
				got = append(got, strings.TrimPrefix(strings.TrimPrefix(first, path), ":"))
			}
			for i := range tc.want {
				tc.want[i] = strings.TrimPrefix(tc.want[i], ":")
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
