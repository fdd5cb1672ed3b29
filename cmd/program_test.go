package cmd_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/testkit/manual"
)

// TestProgram wants a third party's program to bear its own name and version in whatever it
// says of itself.
func TestProgram(t *testing.T) {
	program := cmd.Program{Name: "edged", Version: "v9.8.7", Plugins: cmd.Plugins()}
	say := func(args ...string) (status int, stdout, stderr string) {
		var out, err bytes.Buffer
		status = cmd.Run(t.Context(), args, cmd.Streams{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &err}, program)
		return status, out.String(), err.String()
	}
	for _, args := range [][]string{{"version"}, {"--version"}, {"-V"}} {
		if status, text, _ := say(args...); status != 0 || !strings.HasPrefix(text, "edged v9.8.7 ") || strings.Count(text, "\n") != 1 {
			t.Errorf("%v: status %d, %q", args, status, text)
		}
	}
	for _, command := range cmd.RootCommand().Commands() {
		if status, text, _ := say("help", command.Name()); status != 0 || !strings.Contains(text, "edged "+command.Name()) || strings.Contains(text, "pmtud") {
			t.Errorf("help %s: status %d\n%s", command.Name(), status, text)
		}
	}
	for _, args := range [][]string{{"--fly"}, {"replay", "/nowhere.pcap"}} {
		if status, _, text := say(args...); status == 0 || !strings.HasPrefix(text, "edged: ") || strings.Contains(text, "pmtud") {
			t.Errorf("%v: status %d, %q", args, status, text)
		}
	}
	for name, page := range manual.Pages(cmd.RootCommandOf(program)) {
		if !strings.HasPrefix(name, "edged") || strings.Contains(page, "pmtud") {
			t.Errorf("manual page %s:\n%s", name, page)
		}
	}
}

// TestVersionOption wants --version alone to be taken for the command: what is short for
// --verbose stays so.
func TestVersionOption(t *testing.T) {
	if option, command := done(t, run(t, "--version")), done(t, run(t, "version")); option != command {
		t.Errorf("--version prints %q, version %q", option, command)
	}
	if got := done(t, run(t, "--ver", "--iface", "eth0", "--print-config")); !strings.Contains(got, "type: log") {
		t.Errorf("--ver is not short for --verbose:\n%s", got)
	}
	if o := run(t, "--version", "x"); !strings.Contains(o.stderr, "takes only options") {
		t.Errorf("%+v", o)
	}
}
