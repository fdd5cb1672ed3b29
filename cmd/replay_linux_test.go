package cmd_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// unlimited are options with which no packet of a sample is limited.
var unlimited = []string{"-s", "1e9", "-r", "1e9"}

// replayCommand returns the command that replays captures with the real program.
func replayCommand(args ...string) *exec.Cmd {
	return exec.Command(program, slices.Concat([]string{"replay"}, unlimited, args)...)
}

// wait runs a command to its end.
func wait(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); c.ProcessState == nil {
		t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// TestDamage wants what is readable to be decided and written, and then an error
// with the file and the position in it.
func TestDamage(t *testing.T) {
	ports := readFile(t, filepath.Join(samples, "ports.pcap"))
	public := readFile(t, vectors(t, "public.pcap"))
	zipped := string(encodeCapture(t, "x.pcap.gz", readCapture(t, vectors(t, "public.pcap"))))
	rates := readFile(t, filepath.Join(samples, "rates.pcapng.zst"))
	record := 24 + 16 + len(portsSample()[0].Data)
	for name, tc := range map[string]struct {
		file    string // contents of the capture; none if it begins with "/"
		packets int    // that are decided
		want    string // on standard error
	}{
		"empty":                   {"", 0, "read damaged: at byte 0: the file is empty"},
		"header cut":              {ports[:20], 0, "read damaged: at byte 0: the file ends"},
		"packet cut":              {ports[:700], 4, "read damaged: at byte 676: the file ends after 8 of a packet's 146 bytes"},
		"not a capture":           {readFile(t, "root.go"), 0, "read damaged: at byte 0: neither a pcap nor a pcapng file"},
		"random bytes":            {randomBytes(5000), 0, "read damaged: at byte 0: "},
		"garbage behind a header": {ports[:24] + strings.Repeat("\xff", 5000), 0, "read damaged: at byte 24: a packet of 4294967295 bytes"},
		"record of 4 GiB":         {ports[:record] + strings.Repeat("\xff", 16) + ports[record:], 1, "read damaged: at byte 182: a packet of 4294967295 bytes"},
		"block of 4 GiB":          {hugeBlock(), 0, "read damaged: at byte 28: a block of type 0x6 with a total length of 4294967292 bytes"},
		"gzip cut":                {zipped[:len(zipped)/2], -1, "read damaged: at byte "},
		"gzip damaged":            {zipped[:9000] + "xxxxxxxx" + zipped[9008:], -1, "read damaged: at byte "},
		"zstd cut":                {rates[:len(rates)/2], -1, "read damaged: at byte "},
		"whole, then garbage":     {public + "more", 930, "the file ends after 4 bytes of a packet's record header"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("damaged", []byte(tc.file), 0o644); err != nil {
				t.Fatal(err)
			}
			got := wait(t, replayCommand("--verdicts", "verdicts", "--write", "sent.pcapng", "damaged"))
			checkDamage(t, got, tc.want)
			verdicts := readFile(t, "verdicts")
			if n := strings.Count(verdicts, "\n"); tc.packets >= 0 && n != tc.packets {
				t.Errorf("%d verdicts, want %d", n, tc.packets)
			}
			sent := readCapture(t, "sent.pcapng")
			if n := strings.Count(verdicts, `"verdict":"forward"`); len(sent) != n {
				t.Errorf("%d packets were written, %d forwarded", len(sent), n)
			}
		})
	}
}

func checkDamage(t *testing.T, got result, want string) {
	t.Helper()
	if got.status != 1 || !strings.Contains(got.stderr, want) || strings.Contains(got.stderr, "goroutine") {
		t.Errorf("exit status %d, want 1 and %q:\n%s", got.status, want, got.stderr)
	}
}

func randomBytes(n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i*i*7 + i>>3)
	}
	return string(out)
}

// hugeBlock returns a pcapng file whose second block claims 4 GiB.
func hugeBlock() string {
	section := []uint32{0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28}
	var out []byte
	for _, field := range append(section, 6, 0xfffffffc) {
		out = binary.LittleEndian.AppendUint32(out, field)
	}
	return string(append(out, make([]byte, 64)...))
}

// TestUnreadable names what can't be read beside what can. Root may read anything, so the
// program runs as nobody then; otherwise it runs as the owner, who has no rights either.
func TestUnreadable(t *testing.T) {
	good := readFile(t, vectors(t, "rate-1.pcap"))
	for name, tc := range map[string]struct{ path, want string }{
		"missing":   {"nowhere.pcap", "find files nowhere.pcap: file does not exist"},
		"a folder":  {".", "read .: at byte 0: is a directory"},
		"forbidden": {"secret.pcap", "open secret.pcap: permission denied"},

		"in a forbidden folder":  {"secret/good.pcap", "find files secret/good.pcap: permission denied"},
		"all of such a folder":   {"secret/*.pcap", "find files secret/*.pcap: permission denied"},
		"in what is no folder":   {"good.pcap/x", "find files good.pcap/x: not a directory"},
		"of a pattern, no files": {"bad*.pcap", "find files bad*.pcap: file does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			for _, path := range []string{dir, filepath.Dir(dir)} {
				if err := os.Chmod(path, 0o777); err != nil {
					t.Fatal(err)
				}
			}
			err := errors.Join(
				os.WriteFile("good.pcap", []byte(good), 0o644),
				os.WriteFile("secret.pcap", []byte(good), 0),
				os.Mkdir("secret", 0o700),
				os.WriteFile("secret/good.pcap", []byte(good), 0o644),
				os.Chmod("secret", 0),
			)
			t.Cleanup(func() { os.Chmod(filepath.Join(dir, "secret"), 0o700) }) // to be removed
			if err != nil {
				t.Fatal(err)
			}
			c := replayCommand("--verdicts", "verdicts", tc.path, "good.pcap")
			if os.Geteuid() == 0 {
				c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
			checkDamage(t, wait(t, c), tc.want)
			if n := strings.Count(readFile(t, "verdicts"), "\n"); n != 522 {
				t.Errorf("%d verdicts about the other capture, want 522", n)
			}
		})
	}
}

// TestNothingReadable prints why, and no summary of what is not there.
func TestNothingReadable(t *testing.T) {
	got := run(t, "replay", "nowhere.pcap")
	if want := (result{1, "", "pmtud: find files nowhere.pcap: file does not exist\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestOutputsThatFail wants an error, and no more than one.
func TestOutputsThatFail(t *testing.T) {
	capture := vectors(t, "public.pcap")
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"write":    {[]string{"--write", "/dev/full"}, "pmtud: write what would be sent: write /dev/full: no space left on device\n"},
		"verdicts": {[]string{"--verdicts", "/dev/full"}, "pmtud: write verdicts: write /dev/full: no space left on device\n"},
		"report":   {[]string{"--report", "/dev/full"}, "pmtud: write report: write /dev/full: no space left on device\n"},
	} {
		t.Run(name, func(t *testing.T) {
			args := tc.args
			for range 20 {
				args = append(args, capture)
			}
			got := wait(t, replayCommand(args...))
			checkDamage(t, got, tc.want)
			if n := strings.Count(got.stderr, "no space"); n != 1 {
				t.Errorf("the error is told %d times:\n%s", n, got.stderr)
			}
		})
	}
}

// TestVerdictsIntoAClosedPipe ends the reader after a line, as head does.
func TestVerdictsIntoAClosedPipe(t *testing.T) {
	args := []string{"--verdicts", "-"}
	for range 50 {
		args = append(args, vectors(t, "public.pcap"))
	}
	c := replayCommand(args...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout = w
	p := start(t, c)
	w.Close()
	if _, err := io.ReadFull(r, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if status := p.end(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if want := "pmtud: write verdicts: write /dev/stdout: broken pipe\n"; strings.Count(p.log(), "broken pipe") != 1 || !strings.Contains(p.log(), want) {
		t.Errorf("standard error is\n%s", p.log())
	}
}

// feed writes a capture of so many bytes to a program's standard input, or one
// that never ends if size is 0. It calls last before it closes the input.
func feed(t *testing.T, c *exec.Cmd, size int64, last func()) {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	file := encodeCapture(t, "x.pcap", ratesSample())
	records := bytes.Repeat(file[24:], 20)
	done := make(chan struct{})
	t.Cleanup(func() { <-done })
	go func() {
		defer close(done)
		defer in.Close()
		if _, err := in.Write(file[:24]); err != nil {
			return
		}
		for n := int64(0); size == 0 || n < size; n += int64(len(records)) {
			if _, err := in.Write(records); err != nil {
				return
			}
		}
		last()
	}()
}

// TestReplayInterrupted wants the files of an interrupted replay to be whole.
func TestReplayInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	c := replayCommand("--verdicts", "verdicts", "--write", "sent.pcapng", "-")
	feed(t, c, 0, nil)
	p := start(t, c)
	awaitSize(t, "verdicts", 1<<20)
	p.signal(unix.SIGINT)
	if status := p.end(); status != 1 || !strings.HasSuffix(p.log(), "pmtud: interrupted\n") {
		t.Errorf("exit status %d:\n%s", status, p.log())
	}
	verdicts := readFile(t, "verdicts")
	if !strings.HasSuffix(verdicts, "}\n") {
		t.Errorf("verdicts end with %q", verdicts[len(verdicts)-100:])
	}
	if sent, n := readCapture(t, "sent.pcapng"), strings.Count(verdicts, `"verdict":"forward"`); len(sent) != n {
		t.Errorf("%d packets were written, %d forwarded", len(sent), n)
	}
}

// awaitSize waits until a file has so many bytes.
func awaitSize(t *testing.T, path string, size int64) {
	t.Helper()
	for began := time.Now(); time.Since(began) < deadline; time.Sleep(10 * time.Millisecond) {
		if info, err := os.Stat(path); err == nil && info.Size() >= size {
			return
		}
	}
	t.Fatalf("%s does not grow", path)
}

// TestReplayMemory replays 200 MB from a pipe.
func TestReplayMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for name, args := range map[string][]string{
		"summary only": {},
		"all outputs":  {"--verdicts", "/dev/null", "--write", "/dev/null", "--report", "/dev/null"},
	} {
		t.Run(name, func(t *testing.T) {
			c := replayCommand(append(args, "-")...)
			pid, peaks := make(chan int, 1), make(chan int, 1)
			feed(t, c, 200e6, func() { peaks <- peakMemory(<-pid) })
			p := start(t, c)
			pid <- p.Process.Pid
			if status := p.end(); status != 0 {
				t.Fatalf("exit status %d:\n%s", status, p.log())
			}
			if peak := <-peaks; peak == 0 || peak >= 64<<10 {
				t.Errorf("the peak of memory is %d KiB", peak)
			}
		})
	}
}

// peakMemory returns the largest resident size of a process in KiB, or 0. The rusage of
// an ended one would count what it shared with this process before execve(2) too.
func peakMemory(pid int) (kib int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib
		}
	}
	return 0
}

// TestToolsReadWhatIsWritten lets the programs that people use read what replay
// writes, of all sinks.
func TestToolsReadWhatIsWritten(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	configs := map[string]string{
		"broadcast": "[{type: broadcast, interface: eth0}, {type: broadcast, name: second, interface: eth1, source_mac: captured-source}]",
		"peers":     `[{type: peers, unlimited: true, addresses: [192.0.2.2, 192.0.2.3, "2001:db8::2"]}]`,
		"both":      `[{type: broadcast, interface: eth0}, {type: peers, unlimited: true, addresses: [192.0.2.2, "2001:db8::2"]}, {type: log}]`,
	}
	tools := map[string][]string{
		"tshark":   {"-n", "-r"},
		"capinfos": {},
		"tcpdump":  {"-n", "-r"},
	}
	for sinks, text := range configs {
		for _, ending := range []string{".pcap", ".pcapng"} {
			if sinks == "both" && ending == ".pcap" {
				continue // which has room for one link type
			}
			for _, capture := range []string{filepath.Join(samples, "rates.pcapng.zst"), vectors(t, "public.pcap"), vectors(t, "rate-1.pcap")} {
				path := filepath.Join(t.TempDir(), "sent"+ending)
				config := writeConfig(t, "pipelines: {p: {sources: [{type: pcap, interface: eth0}], filters: [{type: icmp-ptb}, {type: length}], sinks: "+text+"}}")
				done(t, run(t, "replay", "-c", config, "-w", path, capture))
				packets := len(readCapture(t, path))
				for tool, args := range tools {
					if sinks == "both" && tool == "tcpdump" {
						continue // libpcap reads no files of several link types
					}
					t.Run(strings.Join([]string{sinks, ending, filepath.Base(capture), tool}, " "), func(t *testing.T) {
						reads(t, tool, append(args, path), packets)
					})
				}
			}
		}
	}
}

// reads wants a tool to read a file without complaint, and to find the packets
// where it prints one a line.
func reads(t *testing.T, tool string, args []string, packets int) {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skip(err)
	}
	got := wait(t, exec.Command(path, args...))
	if got.status != 0 {
		t.Fatalf("exit status %d:\n%s", got.status, got.stderr)
	}
	for line := range strings.Lines(got.stderr) {
		if !strings.HasPrefix(line, "Running as user") && !strings.HasPrefix(line, "reading from file") && !strings.HasPrefix(line, "Warning: interface names") {
			t.Errorf("%s says %s", tool, line)
		}
	}
	if n := strings.Count(got.stdout, "\n"); tool == "tshark" && n != packets {
		t.Errorf("%s finds %d packets of %d", tool, n, packets)
	}
}

// TestProgressBar replays slowly on a terminal.
func TestProgressBar(t *testing.T) {
	terminal, name := openTerminal(t)
	tty, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	capture := filepath.Join(t.TempDir(), "in.pcap")
	if err := os.WriteFile(capture, encodeCapture(t, capture, ratesSample()), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "replay", "--speed", "original", capture)
	c.Stderr = tty
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	defer func() { _ = c.Process.Kill() }()
	var shown strings.Builder
	buf := make([]byte, 1000)
	interrupted := false
	for {
		n, err := terminal.Read(buf)
		shown.Write(buf[:n])
		if err != nil {
			break // EIO at the end of the last process
		}
		if !interrupted && strings.Contains(shown.String(), " packets, ") {
			interrupted = true
			if err := c.Process.Signal(unix.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait() // its status is looked at
	if status := c.ProcessState.ExitCode(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	text := shown.String()
	if !strings.HasPrefix(text, "\r[") || !strings.Contains(text, " %  ") {
		t.Errorf("no bar was shown: %q", text)
	}
	if !strings.HasSuffix(text, "\r"+strings.Repeat(" ", 80)+"\rpmtud: interrupted\r\n") {
		t.Errorf("the bar was not taken away: %q", text)
	}
}

// openTerminal returns the controlling side of a new terminal, and the name of the
// other.
func openTerminal(t *testing.T) (*os.File, string) {
	t.Helper()
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	return f, "/dev/pts/" + strconv.Itoa(n)
}

// TestOutputIsInput wants what is to be read not to be overwritten, however it and the
// others are named.
func TestOutputIsInput(t *testing.T) {
	good := readFile(t, vectors(t, "rate-1.pcap"))
	for name, tc := range map[string]struct {
		args  []string
		stdin string // path of a file
		want  string
	}{
		"itself":                 {[]string{"-w", "a.pcap", "a.pcap"}, "", "--write: a.pcap would be overwritten, and is to be read"},
		"verdicts":               {[]string{"--verdicts", "a.pcap", "a.pcap"}, "", "--verdicts: a.pcap would be overwritten, and is to be read"},
		"report":                 {[]string{"--report", "a.pcap", "a.pcap"}, "", "--report: a.pcap would be overwritten, and is to be read"},
		"report and verdicts":    {[]string{"--verdicts", "-", "--report", "-", "a.pcap"}, "", "--report: only one output can go to standard output"},
		"by another path":        {[]string{"-w", "./a.pcap", "a.pcap"}, "", "--write: ./a.pcap would be overwritten"},
		"by a link":              {[]string{"-w", "link.pcap", "a.pcap"}, "", "--write: link.pcap would be overwritten"},
		"by a pattern":           {[]string{"-w", "a.pcap", "[ab].pcap"}, "", "--write: a.pcap would be overwritten"},
		"beside a missing one":   {[]string{"-w", "a.pcap", "nowhere.pcap", "a.pcap"}, "", "--write: a.pcap would be overwritten"},
		"as standard input":      {[]string{"-w", "a.pcap", "-"}, "a.pcap", "--write: a.pcap would be overwritten"},
		"a configuration":        {[]string{"-c", "edge.yaml", "-w", "edge.yaml", "a.pcap"}, "", "--write: edge.yaml would be overwritten"},
		"the other output twice": {[]string{"-w", "out", "--verdicts", "out", "a.pcap"}, "", "--verdicts: out is another output already"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			const config = "pipelines: {p: {sources: [{type: pcap, interface: eth0}], sinks: [{type: log}]}}"
			err := errors.Join(
				os.WriteFile("a.pcap", []byte(good), 0o644),
				os.WriteFile("edge.yaml", []byte(config), 0o644),
				os.Symlink("a.pcap", "link.pcap"),
			)
			if err != nil {
				t.Fatal(err)
			}
			c := exec.Command(program, append([]string{"replay"}, tc.args...)...)
			if tc.stdin != "" {
				stdin, err := os.Open(tc.stdin)
				if err != nil {
					t.Fatal(err)
				}
				defer stdin.Close()
				c.Stdin = stdin
			}
			got := wait(t, c)
			if got.status != 2 || !strings.Contains(got.stderr, tc.want) {
				t.Errorf("exit status %d, want 2 and %q:\n%s", got.status, tc.want, got.stderr)
			}
			if readFile(t, "a.pcap") != good || readFile(t, "edge.yaml") != config {
				t.Error("an input is overwritten")
			}
		})
	}
}

// TestReport wants a page wherever it is to go, and all else as it is without one.
func TestReport(t *testing.T) {
	capture := vectors(t, "public.pcap")
	cut := readFile(t, capture)[:700]
	t.Chdir(t.TempDir())
	if err := os.WriteFile("cut.pcap", []byte(cut), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args   []string
		file   string // of the page; empty: standard output
		status int
		want   string // on the page
	}{
		"file":            {[]string{"--report", "r.html", capture}, "r.html", 0, "Verdicts over time"},
		"standard output": {[]string{"--report", "-", capture}, "", 0, "Verdicts over time"},
		"over an old one": {[]string{"--report", "r.html", capture}, "r.html", 0, "Verdicts over time"},
		"damaged":         {[]string{"--report", "cut.html", "cut.pcap"}, "cut.html", 1, "read cut.pcap: at byte "},
		"no captures":     {[]string{"--report", "no.html", "nowhere.pcap"}, "no.html", 1, "There are no packets in the captures."},
	} {
		t.Run(name, func(t *testing.T) {
			with := wait(t, replayCommand(append(tc.args, "--verdicts", "with")...))
			without := wait(t, replayCommand(append(tc.args[2:], "--verdicts", "without")...))
			page, summary := with.stdout, strings.TrimSuffix(with.stderr, without.stderr)
			if tc.file != "" {
				page, summary = readFile(t, tc.file), with.stdout
			}
			if with.status != tc.status || !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.HasSuffix(page, "</html>\n") || !strings.Contains(page, tc.want) {
				t.Errorf("exit status %d, want %d and a page with %q:\n%s\n%s", with.status, tc.status, tc.want, with.stderr, page)
			}
			if summary != without.stdout || readFile(t, "with") != readFile(t, "without") {
				t.Errorf("the rest differs from that without a report:\n%s\n%s", summary, without.stdout)
			}
		})
	}
	got := wait(t, replayCommand("--report", "nowhere/r.html", capture))
	if got.status != 2 || !strings.Contains(got.stderr, "--report: open nowhere/r.html: no such file or directory") {
		t.Errorf("exit status %d:\n%s", got.status, got.stderr)
	}
}
