// Command escape is pmtud with one more source: a plugin that somebody took over. It tries
// to get out of the sandbox, and prints a line for each way with what came of it on standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/pipeline"
)

func main() { os.Exit(cmd.Main(cmd.Program{Plugins: append(cmd.Plugins(), plugin())})) }

// settings tell what there is outside. Dir is the plugin's own.
type settings struct {
	Dir      string `setting:"dir" required:"true" doc:"folder in which it may write" example:"/tmp/x"`
	Outside  string `setting:"outside" required:"true" doc:"file elsewhere" example:"/etc/passwd"`
	Victim   int    `setting:"victim" required:"true" doc:"process of the same user" example:"1"`
	Port     int    `setting:"port" required:"true" doc:"TCP port of 127.0.0.1 on which somebody listens" example:"80"`
	Unix     string `setting:"unix" required:"true" doc:"socket on which somebody listens" example:"/tmp/x"`
	Abstract string `setting:"abstract" required:"true" doc:"abstract one" example:"x"`
}

func plugin() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[settings]{
		Type: "escape", Summary: "tries to get out",
		New: func(s settings, _ pipeline.Env) (pipeline.Source, error) { return &source{settings: s}, nil },
	})
}

type source struct {
	settings
	file *os.File
}

// Needs is what a plugin that sends by TCP and writes captures would need.
func (s *source) Needs() pipeline.Needs {
	return pipeline.Needs{
		Families: []string{"AF_INET", "AF_NETLINK"},
		Files:    []pipeline.File{{Path: filepath.Join(s.Dir, "file"), Writes: true}},
	}
}

func (s *source) Open(context.Context) (err error) {
	s.file, err = os.OpenFile(filepath.Join(s.Dir, "file"), os.O_CREATE|os.O_RDWR, 0o600)
	return err
}

func (s *source) Close() error { return s.file.Close() }

func (s *source) Run(ctx context.Context, _ func([]pipeline.Packet)) error {
	for _, e := range s.ways() {
		fmt.Fprintf(os.Stderr, "way %s: %s\n", e.name, result(e.try()))
	}
	fmt.Fprintln(os.Stderr, "all ways were tried")
	<-ctx.Done()
	return nil
}

// result returns what the kernel said.
func result(err error) string {
	var errno unix.Errno
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	}
	return err.Error()
}
