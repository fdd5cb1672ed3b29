package logsink_test

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/sinks/logsink"
)

// TestTerminal prints to a terminal, where text has the time and the client, and to a file, where
// it has the form of the original daemon. JSON is the same for both.
func TestTerminal(t *testing.T) {
	local := pipelinetest.Begin.Time().Local().Format("15:04:05.000000")
	p := batch()[0]
	const line = "203.0.113.1 transmitting mtu=1400 sport=80"
	for _, tc := range []struct {
		settings       logsink.Settings
		terminal, file string
	}{
		{logsink.Settings{Format: logsink.Text, Verbosity: 1}, local + " " + line + " client=198.51.100.7", line},
		{logsink.Settings{Format: logsink.Text, Verbosity: 3}, local + " " + line + " client=198.51.100.7 " + hex.EncodeToString(p.Data), line + " " + hex.EncodeToString(p.Data)},
		{logsink.Settings{Format: logsink.JSON, Verbosity: 1}, `{"time":`, `{"time":`},
	} {
		shown, terminal := newTerminal(t)
		file, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for _, out := range []*os.File{terminal, file} {
			env := pipelinetest.Env(t)
			env.Stdout = out
			sink, err := logsink.New(tc.settings, env)
			if err != nil {
				t.Fatal(err)
			}
			sink.Deliver([]*pipeline.Packet{p}, make([]pipeline.Reason, 1))
		}
		onTerminal, err := bufio.NewReader(shown).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		inFile, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		got := []string{strings.TrimRight(onTerminal, "\r\n"), strings.TrimRight(string(inFile), "\n")}
		if tc.settings.Format == logsink.JSON {
			for i := range got {
				got[i] = got[i][:min(len(tc.file), len(got[i]))]
			}
		}
		if diff := cmp.Diff([]string{tc.terminal, tc.file}, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tc.settings, diff)
		}
	}
}

// newTerminal returns a terminal and what is shown on it.
func newTerminal(t *testing.T) (shown, terminal *os.File) {
	t.Helper()
	shown, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals: %v", err)
	}
	t.Cleanup(func() { shown.Close() })
	raw := int(shown.Fd())
	number, err := unix.IoctlGetInt(raw, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(raw, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return shown, terminal
}
