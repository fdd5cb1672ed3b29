package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// declaredSettings say by their tags what may be written.
type declaredSettings struct {
	Count  uint8         `setting:"count" min:"1" max:"9" example:"3" doc:"how many"`
	Wait   time.Duration `setting:"wait" min:"1ms" max:"1h" example:"10ms" doc:"how long"`
	Ring   setting.Size  `setting:"ring" max:"1GiB" example:"4MiB" doc:"how large"`
	Mode   string        `setting:"mode" enum:"in,out,both" example:"in" doc:"which way"`
	Levels []int         `setting:"levels" min:"1" max:"3" example:"1,2" doc:"how deep"`
	Code   string        `setting:"code" pattern:"^[0-9]+$" example:"12" doc:"which one"`
	Names  []string      `setting:"names" required:"true" example:"a,b" doc:"whose"`
}

func declared() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[declaredSettings]{
		Type: "declared", Summary: "declares much",
		Defaults: declaredSettings{Count: 1, Wait: time.Second, Mode: "in"},
		New:      func(declaredSettings, pipeline.Env) (pipeline.Source, error) { return nothing{}, nil },
	})
}

// TestDeclared checks what is said of values that the tags don't allow.
func TestDeclared(t *testing.T) {
	for _, tc := range []struct {
		name, settings string
		want           []string // line:column and message
	}{
		{"lowest", "count: 1, wait: 1ms, ring: 0, levels: [1, 3], names: a", nil},
		{"none", "wait: 1ms, names: []", []string{"4:51: `names` is empty"}},
		{"bounds", "count: 0, names: a", []string{"4:40: `count` must be from 1 to 9, not 0"}},
		{"more than the field can hold", "count: 1000, names: a", []string{"4:40: `count` must be from 1 to 9, not 1000"}},
		{"duration", "wait: 0, names: a", []string{"4:39: `wait` must be from 1ms to 1h, not 0s"}},
		{"size", "ring: 2GiB, names: a", []string{"4:39: `ring` must be at most 1GiB, not 2GiB"}},
		{"text", "mode: inn, names: a", []string{"4:39: `mode` must be in, out or both, not \"inn\"; did you mean `in`?"}},
		{"element", "levels: [1, 4], names: a", []string{"4:45: `levels` must be from 1 to 3, not 4"}},
		{
			"all in one run", "count: 0, wait: soon, ring: 2GiB, mod: out", []string{
				"4:14: source `declared` needs the setting `names`; add, for example, `names: [a, b]`",
				"4:40: `count` must be from 1 to 9, not 0",
				"4:49: `wait`: \"soon\" is not a duration such as 10s or 1h30m; its units are ms, s, m and h",
				"4:61: `ring` must be at most 1GiB, not 2GiB",
				"4:67: unknown setting `mod` of source `declared`; did you mean `mode`?",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "a.yaml")
			text := "pipelines:\n  a:\n    sources:\n    - {type: declared, name: x, " + tc.settings + "}\n    sinks: [{type: output}]\n"
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(t.Context(), []string{name}, append(plugins, declared()))
			var got []string
			mistakes, _ := err.(config.Mistakes)
			for _, m := range mistakes {
				first, _, _ := strings.Cut(m.Error(), "\n")
				got = append(got, strings.TrimPrefix(first, name+":"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
