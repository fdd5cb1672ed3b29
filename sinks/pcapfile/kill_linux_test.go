package pcapfile_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// writerVariable makes the test binary a writer of the file that it names, and
// rotateVariable lets that one rotate.
const (
	writerVariable = "PCAPFILE_TEST_WRITER"
	rotateVariable = "PCAPFILE_TEST_ROTATE"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(writerVariable); path != "" {
		if err := writeForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver delivers numbered packets and prints how many there are after each
// batch.
func writeForEver(path string) error {
	s := settings(path)
	if os.Getenv(rotateVariable) != "" {
		s.MaxSize = 256 << 10
	}
	sink, err := build(s, nil)
	if err != nil {
		return err
	}
	if err := sink.Open(context.Background()); err != nil {
		return err
	}
	for n := 0; ; {
		batch := make([]*pipeline.Packet, 1+rand.IntN(256))
		for i := range batch {
			batch[i] = packet(fmt.Sprintf("%d %*d", n, 20+rand.IntN(1000), 0), 0)
			n++
		}
		for _, reason := range deliver(sink, batch...) {
			if reason != "" {
				return fmt.Errorf("packet failed: %s", reason)
			}
		}
		if _, err := fmt.Println(n); err != nil {
			return err
		}
	}
}

// Whenever the program is killed, all delivered packets are in its files, each once
// and in order, and other programs read them too. Behind the last one there may be a
// piece of another.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, tc := range []struct {
		name   string
		rotate bool
	}{{"a.pcap", false}, {"a.pcapng", false}, {"a.pcap", true}, {"a.pcapng", true}} {
		t.Run(fmt.Sprintf("%s, rotation %t", tc.name, tc.rotate), func(t *testing.T) {
			if tc.rotate {
				t.Setenv(rotateVariable, "true")
			}
			for range 8 {
				dir := t.TempDir()
				said := killedWriter(t, filepath.Join(dir, tc.name), time.Duration(rand.IntN(int(30*time.Millisecond))))
				files := inOrder(t, dir)
				if tc.rotate && said > 2000 && len(files) < 2 {
					t.Errorf("%d packets in one file", said)
				}
				n := 0
				for i, path := range files {
					n += checkNumbers(t, path, n, i == len(files)-1)
				}
				checkTshark(t, files[len(files)-1])
				if n < said {
					t.Errorf("%d of %d packets are in %v", n, said, files)
				}
			}
		})
	}
}

// inOrder returns the capture files in a folder: rotated ones sort by their time, and
// come before the one that was being written.
func inOrder(t *testing.T, dir string) []string {
	t.Helper()
	rotated, err := filepath.Glob(filepath.Join(dir, "a-*"))
	must(t, err)
	last, err := filepath.Glob(filepath.Join(dir, "a.*"))
	must(t, err)
	return append(rotated, last...)
}

// checkNumbers reads a file, which begins with packet number first, and returns how
// many there are. The last of all may end within a packet.
func checkNumbers(t *testing.T, path string, first int, last bool) int {
	t.Helper()
	got, err := tryContents(path)
	for i, data := range got {
		var n int
		if _, err := fmt.Sscanf(data, "%d ", &n); err != nil || n != first+i {
			t.Fatalf("packet %d of %s is %.10q", first+i, path, data)
		}
	}
	if err != nil && !(last && strings.Contains(err.Error(), "the file ends after")) {
		t.Errorf("%s: %v", path, err)
	}
	return len(got)
}

// checkTshark compares what tshark reads of a file with what our reader does.
func checkTshark(t *testing.T, path string) {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Log("there is no tshark to read the file with")
		return
	}
	got, _ := tryContents(path)
	// If the last packet is cut, tshark says so, and that is an error.
	out, err := exec.CommandContext(t.Context(), "tshark", "-nr", path, "-Tfields", "-eframe.number").Output()
	if n := bytes.Count(out, []byte("\n")); n != len(got) {
		t.Errorf("tshark reads %d packets of %d in %s: %v", n, len(got), path, err)
	}
}

// killedWriter runs a writer, kills it some time after its first word, and returns
// how many packets it said were in the file.
func killedWriter(t *testing.T, path string, after time.Duration) (said int) {
	t.Helper()
	writer := exec.CommandContext(t.Context(), "/proc/self/exe")
	writer.Env = append(os.Environ(), writerVariable+"="+path)
	writer.Stderr = os.Stderr
	out, err := writer.StdoutPipe()
	must(t, err)
	must(t, writer.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if said == 0 {
			time.AfterFunc(after, func() { _ = writer.Process.Kill() })
		}
		said, err = strconv.Atoi(lines.Text())
		must(t, err)
	}
	if err := writer.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Fatalf("the writer ended: %v", err)
	}
	if said == 0 {
		t.Fatal("the writer said nothing")
	}
	return said
}
