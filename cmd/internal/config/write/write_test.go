package write_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/pipeline"
)

type settings struct {
	Name  string        `setting:"name_of" doc:"what it is called"`
	Wait  time.Duration `setting:"wait" doc:"how long" min:"1ms" max:"1h" example:"10ms"`
	Ports []int         `setting:"ports" doc:"numbers, of which any may come first and which may be as many as there is room for in a line, or in two" example:"1,2"`
	Count *uint8        `setting:"count" doc:"how many" example:"3"`
	Names []string      `setting:"names" doc:"texts"`
	Span  span          `setting:"span" doc:"from where to where" example:"1-2"`
}

// span is text that only the plugin knows how to write.
type span struct{ From, To string }

func (s *span) UnmarshalText(text []byte) error {
	s.From, s.To, _ = strings.Cut(string(text), "-")
	return nil
}

type stage struct{}

func (stage) Open(context.Context) error { return nil }

func (stage) Close() error { return nil }

func (stage) Run(context.Context, func([]pipeline.Packet)) error { return nil }

func (stage) Filter(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }

func (stage) Deliver([]*pipeline.Packet, []pipeline.Reason) {}

func (stage) Flush() {}

func plugins() []pipeline.Plugin {
	defaults := settings{Name: "x", Wait: time.Second, Ports: []int{80, 443}}
	return []pipeline.Plugin{
		pipeline.NewSource(pipeline.SourcePlugin[settings]{
			Type: "in", Summary: "reads", Defaults: defaults,
			New: func(settings, pipeline.Env) (pipeline.Source, error) { return stage{}, nil },
		}),
		pipeline.NewFilter(pipeline.FilterPlugin[settings]{
			Type: "pass", Summary: "lets pass", Defaults: defaults,
			New: func(settings, pipeline.Env) (pipeline.Filter, error) { return stage{}, nil },
		}),
		pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "out", Summary: "writes",
			New: func(struct{}, pipeline.Env) (pipeline.Sink, error) { return stage{}, nil },
		}),
	}
}

const text = `log: {level: debug}
cpu: 1
http: {}
pipelines:
  "a b":
    sources:
      - {type: in, name: first, ports: ["${PORTS}", 7], wait: "${WAIT:-2s}", span: 3-4}
      - type: in
        name_of: $${x}
        wait: 90s
    filters: [{type: pass}]
    sinks:
      - type: out
        queue: {size: 5}
        filters: [{type: pass, name: own, count: 3}, {type: pass, names: [yes, "1"]}]
      - {type: out, name: "#2"}
  plain: {sources: [{type: in}], sinks: [{type: out}]}
`

func load(t *testing.T, name, text string) *config.File {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(t.Context(), []string{name}, plugins())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestMarshal compares what is written in each form and format with golden files, and
// wants it to be read as what it was.
func TestMarshal(t *testing.T) {
	testdata, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PORTS", "1,2")
	t.Chdir(t.TempDir())
	f := load(t, "a.yaml", text)
	hash := write.Hash(f)
	for name, d := range map[string]*write.Document{
		"declared":  write.Declared(f),
		"annotated": write.Annotated(f),
		"effective": write.Effective(f, write.View{Defaults: true, Origins: true}),
		"written":   write.Effective(f, write.View{}),
	} {
		for _, format := range []string{"yaml", "toml", "json"} {
			t.Run(name+" "+format, func(t *testing.T) {
				out, err := d.Marshal(format)
				if err != nil {
					t.Fatal(err)
				}
				goldentest.Compare(t, filepath.Join(testdata, name+"."+format), string(out))
				if name == "annotated" && format == "json" {
					return // which has no comments
				}
				again := load(t, "again."+format, string(out))
				if name == "annotated" { // which leaves the queues out
					for i := range f.Pipelines[0].Sinks {
						again.Pipelines[0].Sinks[i].Resolved.Sink = f.Pipelines[0].Sinks[i].Resolved.Sink
					}
				}
				for i := range f.Pipelines {
					if diff := cmp.Diff(f.Pipelines[i].Identity(), again.Pipelines[i].Identity(), cmpopts.EquateEmpty()); diff != "" {
						t.Error(diff)
					}
				}
				if diff := cmp.Diff(f.Global, again.Global); diff != "" {
					t.Error(diff)
				}
				if name == "declared" && format == "yaml" && write.Hash(again) != hash {
					t.Error("its hash is another")
				}
			})
		}
	}
	if other := write.Hash(load(t, "b.yaml", strings.Replace(text, "size: 5", "size: 6", 1))); other == hash || len(hash) != 16 {
		t.Errorf("hash %s, of another %s", hash, other)
	}
	if _, err := write.Declared(f).Marshal("xml"); err == nil {
		t.Error("it writes XML")
	}
}
