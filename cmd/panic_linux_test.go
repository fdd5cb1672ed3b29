package cmd_test

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/pipeline"
)

// bombVariable makes the test binary a program that has the filter bomb besides.
const bombVariable = "PMTUD_TEST_BOMB"

// bombMain is that program's main.
func bombMain() int { return cmd.Main(cmd.Program{Plugins: append(cmd.Plugins(), bomb())}) }

type bombSettings struct {
	After int `setting:"after" doc:"packets that pass before it panics"`
}

func bomb() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[bombSettings]{
		Type: "bomb", Summary: "panics",
		New: func(s bombSettings, _ pipeline.Env) (pipeline.Filter, error) { return &fuse{s.After}, nil },
	})
}

type fuse struct{ left int }

func (f *fuse) Filter(*pipeline.Packet) pipeline.Reason {
	if f.left == 0 {
		panic("boom")
	}
	f.left--
	return pipeline.Pass
}

// TestPanic has a third party's plugin panic: that ends its pipeline, with counters that
// balance, and no other one. The exit status shows it, unless a reload has put another
// pipeline in its place.
func TestPanic(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	config := func(after string) string {
		return `
pipelines:
  good:
    sources: [{type: pcap-file, path: ` + vectors(t, "public.pcap") + `, loop: true, speed: 100}]
    sinks: [{type: log}]
  bad:
    sources: [{type: pcap-file, path: ` + vectors(t, "public.pcap") + `, loop: true, speed: 100}]
    filters: [{type: bomb, after: ` + after + `}]
    sinks: [{type: log, name: out}]
`
	}
	for _, tc := range []struct {
		name   string
		reload bool
		status int
	}{{"stays ended", false, 1}, {"replaced by a reload", true, 0}} {
		t.Run(tc.name, func(t *testing.T) {
			path := writeConfig(t, config("20"))
			c := exec.Command("/proc/self/exe", "run", "-c", path)
			c.Env = append(os.Environ(), bombVariable+"=true")
			c.Stdout = io.Discard
			p := start(t, c)
			p.await("filter bomb: panic: boom")
			if tc.reload {
				overwrite(t, path, config("-1"))
				p.signal(unix.SIGHUP)
				p.await("msg=reloaded")
			}
			p.signal(unix.SIGTERM)
			if status := p.end(); status != tc.status {
				t.Errorf("exit status %d, want %d", status, tc.status)
			}
			for _, want := range []string{
				`msg="pipeline stopped" pipeline=bad received=21 forwarded=20 dropped=1 lost=0`,
				"msg=dropped pipeline=bad stage=bomb reason=panic packets=1",
				`msg="sink stopped" pipeline=bad sink=out offered=20 delivered=20 failed=0`,
			} {
				if !strings.Contains(p.log(), want) {
					t.Errorf("%q is missing in\n%s", want, p.log())
				}
			}
			if n := strings.Count(p.log(), `msg="pipeline stopped" pipeline=good`); n != 1 {
				t.Errorf("pipeline good was stopped %d times:\n%s", n, p.log())
			}
		})
	}
}
