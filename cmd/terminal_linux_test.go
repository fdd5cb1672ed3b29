package cmd_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd"
)

// terminal returns both ends of a pseudo terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// shown returns what was written to a terminal so far.
func shown(t *testing.T, master, slave *os.File) string {
	t.Helper()
	const end = "\x04"
	if _, err := slave.WriteString(end); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	buf := make([]byte, 4096)
	for !strings.HasSuffix(text.String(), end) { // the kernel hands it over in parts
		n, err := master.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(buf[:n])
	}
	return strings.TrimSuffix(text.String(), end)
}

// TestColours wants colours on a terminal only, and not if its user wants none.
func TestColours(t *testing.T) {
	for name, tc := range map[string]struct {
		noColor  string
		coloured bool
	}{"terminal": {"", true}, "NO_COLOR": {"1", false}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", "xterm")
			t.Setenv("NO_COLOR", tc.noColor)
			master, slave := terminal(t)
			streams := cmd.Streams{Stdin: strings.NewReader(""), Stdout: slave, Stderr: slave}
			if status := cmd.Run(t.Context(), []string{"check", "-c", "testdata/bad.yaml"}, streams, cmd.Program{Plugins: cmd.Plugins()}); status != 2 {
				t.Errorf("exit status %d", status)
			}
			text := shown(t, master, slave)
			if strings.Contains(text, "\x1b[") != tc.coloured || !strings.Contains(text, "testdata/bad.yaml:4:9:") {
				t.Errorf("terminal shows %q", text)
			}
		})
	}
}

// TestNarrowTerminal wants no word broken by a terminal of 80 columns: not of an error, a hint, a
// mistake or the log.
func TestNarrowTerminal(t *testing.T) {
	long := strings.Repeat("long-name/", 5)
	for name, args := range map[string][]string{
		"file without -c":   {"replay", "-c", "testdata/bad.yaml", long},
		"missing command":   {"-c", long},
		"missing file":      {"check", "-c", "/" + long},
		"mistakes":          {"check", "-c", "testdata/bad.yaml"},
		"no socket":         {"status", "--control", "/" + long + "pmtud.sock"},
		"missing interface": {"--iface", "a-missing-one", "--ports", "1,2,3"},
		"unknown option":    {"--no-such-option-as-this-one-which-is-long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", "xterm")
			master, slave := terminal(t)
			if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
				t.Fatal(err)
			}
			streams := cmd.Streams{Stdin: strings.NewReader(""), Stdout: slave, Stderr: slave}
			if status := cmd.Run(t.Context(), args, streams, cmd.Program{Plugins: cmd.Plugins()}); status == 0 {
				t.Error("is no error")
			}
			text := shown(t, master, slave)
			if text == "" {
				t.Error("nothing is shown")
			}
			for line := range strings.Lines(colour.ReplaceAllString(text, "")) {
				line = strings.TrimRight(line, "\r\n")
				if utf8.RuneCountInString(line) > 80 && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%d columns: %s", utf8.RuneCountInString(line), line)
				}
			}
		})
	}
}

// colour is a command to a terminal that takes no column.
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestDaemonOnTerminal checks that packets and the log are written in readable form.
func TestDaemonOnTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	master, slave := terminal(t)
	path := writeConfig(t, `
pipelines:
  p:
    sources: [{type: pcap-file, path: `+vectors(t, "rate-1.pcap")+`}]
    sinks: [{type: log}]
`)
	text := make(chan string)
	go func() {
		var all strings.Builder
		buf := make([]byte, 4096)
		for !strings.Contains(all.String(), "sink stopped") {
			n, err := master.Read(buf)
			if err != nil {
				break
			}
			all.Write(buf[:n])
		}
		text <- all.String()
	}()
	streams := cmd.Streams{Stdin: strings.NewReader(""), Stdout: slave, Stderr: slave}
	if status := cmd.Run(t.Context(), []string{"run", "-c", path}, streams, cmd.Program{Plugins: cmd.Plugins()}); status != 0 {
		t.Errorf("exit status %d", status)
	}
	got := <-text
	for _, want := range []string{
		`(?m)^\d\d:\d\d:\d\d\.\d{6} \S+ transmitting mtu=\d+ sport=-1 client=\S+\r$`,
		`(?m)^\d\d:\d\d:\d\d\.\d{3} INFO  pipeline stopped               pipeline=p received=`,
	} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("terminal lacks %s:\n%s", want, got)
		}
	}
}
