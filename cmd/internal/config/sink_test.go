package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
	"github.com/pmtud/pmtud/cmd/internal/testkit/schematest"
	"github.com/pmtud/pmtud/pipeline"
)

// TestQueue reads what every sink may have, and writes it again.
func TestQueue(t *testing.T) {
	t.Setenv("SIZE", "7")
	type queue struct {
		Size   int
		MaxAge time.Duration
	}
	schema := compileSchema(t, plugins)
	for _, tc := range []struct {
		settings string
		want     queue
		mistake  string // line:column and message
	}{
		{"", queue{pipeline.DefaultQueueSize, 0}, ""},
		{", queue: {size: 1}", queue{1, 0}, ""},
		{", queue: {max_age: 1500ms}", queue{pipeline.DefaultQueueSize, 1500 * time.Millisecond}, ""},
		{", queue: {size: '${SIZE}', max_age: 0}", queue{7, 0}, ""},
		{", queue: {size: 0}", queue{}, "4:56: `size` must be from 1 to 65536, not 0"},
		{", queue: {max_age: -1s}", queue{}, "4:59: `max_age` must be at least 0s, not -1s"},
		{", queue: {max_age: 1}", queue{}, "4:59: `max_age` must be a duration such as 10s, not the number 1; write \"1s\" if seconds are meant"},
		{", queue: {sizes: 1}", queue{}, "4:50: unknown setting `sizes` of `queue`; did you mean `size`?"},
		{", queue: 5", queue{}, "4:49: `queue` must contain name-value pairs, not the number 5"},
		{", queues: {size: 5}", queue{}, "4:42: unknown setting `queues` of sink `output`; did you mean `queue`?"},
	} {
		t.Run(tc.settings, func(t *testing.T) {
			text := "pipelines:\n  a:\n    sources: [{type: file}]\n    sinks: [{type: output, path: /tmp/a" + tc.settings + "}]\n"
			f, err := load(t, "a.yaml", text)
			if invalid := schematest.Validate(schema, f.Names[0]); invalid != nil && err == nil {
				t.Errorf("Load accepts it, but the schema does not: %v", invalid)
			}
			if got := firstMistake(f, err); got != tc.mistake {
				t.Fatalf("mistake %q, want %q", got, tc.mistake)
			}
			if err != nil {
				return
			}
			for _, format := range []string{"yaml", "toml"} {
				written, err := write.Declared(f).Marshal(format)
				if err != nil {
					t.Fatal(err)
				}
				s := mustLoad(t, "again."+format, string(written)).Specs()[0].Sinks[0]
				if diff := cmp.Diff(tc.want, queue{s.QueueSize, s.MaxAge}); diff != "" {
					t.Errorf("%s (-want +got):\n%s", format, diff)
				}
			}
		})
	}
}

// TestQueueIsPartOfTheIdentity wants another queue to be another pipeline.
func TestQueueIsPartOfTheIdentity(t *testing.T) {
	identity := func(settings string) any {
		return mustLoad(t, "a.yaml", "pipelines: {a: {sources: [{type: file}], sinks: [{type: output"+settings+"}]}}\n").Pipelines[0].Identity()
	}
	plain := identity("")
	if !reflect.DeepEqual(plain, identity(", queue: {size: 1024}")) {
		t.Error("the default written down is another pipeline")
	}
	if reflect.DeepEqual(plain, identity(", queue: {max_age: 1s}")) {
		t.Error("another queue is the same pipeline")
	}
}

func firstMistake(f *config.File, err error) string {
	mistakes, ok := errors.AsType[config.Mistakes](err)
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(mistakes[0].Error(), "\n")
	return strings.TrimPrefix(first, f.Names[0]+":")
}
