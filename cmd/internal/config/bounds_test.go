package config_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
)

// numbered returns n copies of a format with the numbers from 0 on.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// grown are files of a kind that can be as large as one likes.
var grown = map[string]struct {
	file string
	text func(n int) string
	n    int // number of the larger of two files
}{
	"YAML keys":       {"a.yaml", func(n int) string { return "pipelines:\n" + numbered(n, "  p%06d: 1\n") }, 70_000},
	"YAML top":        {"a.yaml", func(n int) string { return numbered(n, "p%06d: 1\n") }, 70_000},
	"YAML empty keys": {"a.yaml", func(n int) string { return "pipelines:\n" + numbered(n, "  p%06d:\n") }, 70_000},
	"YAML stages": {"a.yaml", func(n int) string {
		return "pipelines:\n  a:\n    sinks: [{type: log}]\n    sources:\n" + numbered(n, "      - {type: x, name: n%d}\n")
	}, 8_000},
	"YAML ports": {"a.yaml", func(n int) string {
		return "pipelines:\n  a:\n    sources: [{type: pcap, interface: e}]\n    sinks: [{type: log}]\n    filters:\n    - type: port-list\n      ports:\n" + numbered(n, "      - x%d\n")
	}, 20_000},
	"YAML maps": {"a.yaml", func(n int) string {
		return numbered(n, "m%d:\n"+numbered(900, "  x%03d%%[1]d: 1\n")[:900*7])
	}, 100},
	"YAML aliases": {"a.yaml", func(n int) string {
		return "x: &x {type: log, verbosity: 7}\npipelines:\n  a:\n    sinks:\n" + strings.Repeat("    - *x\n", n)
	}, 8_000},
	"YAML merges": {"a.yaml", func(n int) string {
		return "x: &x {type: log}\npipelines:\n  a:\n    sinks:\n" + numbered(n, "    - {<<: *x, name: n%d}\n")
	}, 6_000},
	"YAML unknown settings": {"a.yaml", func(n int) string {
		return "pipelines:\n  a:\n    sinks: [{type: log}]\n    sources:\n    - type: pcap\n      interface: e\n" + numbered(n, "      x%06d: 1\n")
	}, 20_000},
	"YAML pipelines": {"a.yaml", func(n int) string {
		return "pipelines:\n" + numbered(n, "  p%d: {sources: [{type: pcap-file, path: /f%[1]d}], sinks: [{type: pcap-file, path: /g%[1]d}]}\n")
	}, 1000},
	"YAML loops": {"a.yaml", func(n int) string {
		return "pipelines:\n" + numbered(n, "  p%d: {sources: [{type: pcap, interface: e}], sinks: [{type: broadcast, interface: e}]}\n")
	}, 1000},
	"JSON in a line": {"a.json", func(n int) string {
		return `{"pipelines": {` + strings.TrimSuffix(numbered(n, `"p%d": 1, `), ", ") + "}}"
	}, 20_000},
	"variables":  {"a.json", func(n int) string { return `{"x": [` + strings.TrimSuffix(numbered(n, `"${UNSET_%d}", `), ", ") + "]}" }, 20_000},
	"long value": {"a.json", func(n int) string { return `{"log": {"level": "` + strings.Repeat("x", n) + `"}}` }, 1 << 18},
	"long values": {"a.json", func(n int) string {
		long := strings.Repeat("x", n/100)
		return `{"pipelines": {"a": {"filters": [{"type": "port-list", "ports": [` + strings.TrimSuffix(numbered(100, `"`+long+`%d", `), ", ") + "]}]}}}"
	}, 1 << 18},
	"TOML tables": {"a.toml", func(n int) string { return numbered(n, "[p%06d]\n") }, 20_000},
	"TOML keys":   {"a.toml", func(n int) string { return "[pipelines]\n" + numbered(n, "p%06d = 1\n") }, 20_000},
	"TOML stages": {"a.toml", func(n int) string { return numbered(n, "[[pipelines.a.sinks]]\nname = 'n%d'\n") }, 6_000},
	"TOML array":  {"a.toml", func(n int) string { return "a = [" + strings.Repeat("1,", n) + "]\n" }, 60_000},
	"TOML long":   {"a.toml", func(n int) string { return "[" + strings.Repeat("x", 1<<18) + "]\n" + numbered(n, "p%d = 1\n") }, 900},
	"TOML twice":  {"a.toml", func(n int) string { return strings.Repeat("a = 1\n", n) }, 100_000},
}

// TestBounds loads files and others that are twice as large. Neither time nor memory may
// grow with the square, nor the mistakes at all.
func TestBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for name, tc := range grown {
		t.Run(name, func(t *testing.T) {
			half, whole := tc.text(tc.n/2), tc.text(tc.n)
			if len(whole) > 1<<20 {
				t.Fatalf("%d bytes are more than a file may hold", len(whole))
			}
			small, large := loadCost(t, tc.file, half), loadCost(t, tc.file, whole)
			if large.bytes > 3*small.bytes+(8<<20) {
				t.Errorf("twice the size takes %d kB instead of %d kB", large.bytes>>10, small.bytes>>10)
			}
			// What is quick is mostly noise, and so is once.
			for range 3 {
				if large.took <= 4*small.took || large.took < time.Second {
					return
				}
				small.took = max(small.took, loadCost(t, tc.file, half).took)
				large.took = min(large.took, loadCost(t, tc.file, whole).took)
			}
			t.Errorf("twice the size takes %v instead of %v", large.took, small.took)
		})
	}
}

type cost struct {
	took  time.Duration
	bytes uint64 // allocated, in all
}

// loadCost returns what it costs to load a file, with its mistakes as text.
func loadCost(t *testing.T, file, text string) cost {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	_, err := loadWith(t, file, text)
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) && len(mistakes.Error()) > 1<<17 {
		t.Errorf("%d bytes are said of %d mistakes", len(mistakes.Error()), len(mistakes))
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return cost{took, after.TotalAlloc - before.TotalAlloc}
}

// loadWith writes text to a file and loads it with the program's plugins.
func loadWith(t *testing.T, file, text string) (*config.File, error) {
	t.Helper()
	return config.Load(t.Context(), []string{writeText(t, file, text)}, cmd.Plugins())
}

// TestMistakesCutOff wants the first mistakes and the number of the others.
func TestMistakesCutOff(t *testing.T) {
	_, err := loadWith(t, "a.yaml", "pipelines:\n"+numbered(900, "  p%03d: 1\n"))
	var mistakes config.Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) != 101 || mistakes[100].Error() != "800 more mistakes are not shown" {
		t.Errorf("%d mistakes: %v", len(mistakes), mistakes)
	}
}

// TestLongValues wants values to be quoted to a certain length, and what is said of
// them.
func TestLongValues(t *testing.T) {
	long := strings.Repeat("x", 500_000)
	for name, tc := range map[string]struct{ settings, want string }{
		"text":    {`{"log": {"level": "` + long + `"}}`, "must be debug, info, warn or error, not \"" + long[:100] + "…\""},
		"key":     {`{"` + long + `": 1}`, "unknown setting `" + long[:100] + "…`"},
		"number":  {`{"cpu": ` + strings.Repeat("1", 500_000) + `}`, "`cpu` must be from 0 to 65535, not " + strings.Repeat("1", 300) + "…"},
		"escapes": {`{"user": "` + strings.Repeat(`\" `, 100_000) + `"}`, `is not the name or number of a user`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadWith(t, "a.json", tc.settings)
			var mistakes config.Mistakes
			errors.As(err, &mistakes)
			if !slices.ContainsFunc(mistakes, func(m config.Mistake) bool { return strings.Contains(m.Message, tc.want) }) {
				t.Errorf("mistakes are %.2000v", err)
			}
			for _, m := range mistakes {
				if len([]rune(m.Error())) > 2000 {
					t.Errorf("%d characters: %.300s", len(m.Error()), m.Error())
				}
			}
		})
	}
}
