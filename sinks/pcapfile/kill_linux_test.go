package pcapfile_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// writerVariable makes the test binary a writer of the file that it names.
const writerVariable = "PCAPFILE_TEST_WRITER"

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
	sink, err := build(settings(path), nil)
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

// Whenever the program is killed, all delivered packets are in the file.
func TestKill(t *testing.T) {
	for range 8 {
		path := filepath.Join(t.TempDir(), "a.pcap")
		said := killedWriter(t, path, time.Duration(rand.IntN(int(30*time.Millisecond))))
		got, err := tryContents(path)
		if len(got) < said {
			t.Errorf("the file has %d of %d packets: %v", len(got), said, err)
		}
		for i, data := range got {
			var n int
			if _, err := fmt.Sscanf(data, "%d ", &n); err != nil || n != i {
				t.Fatalf("packet %d is %.10q", i, data)
			}
		}
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
