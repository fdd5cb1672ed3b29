package service_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestKill kills the program at random moments under traffic: its capture files, which
// are rotated often, hold every packet from the first to the last one that is there, and
// tshark reads them too.
func TestKill(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	h := newHost(t, "eth0")
	for n := range rounds {
		dir := t.TempDir()
		name := []string{"a.pcap", "a.pcapng"}[n%2]
		d := h.startDaemon(t, fmt.Sprintf(`
pipelines:
  file:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}]
    sinks: [{type: pcap-file, path: %s, max_size: 16KiB}]
`, filepath.Join(dir, name)))
		stop, sent := h.traffic(t)
		time.Sleep(200*time.Millisecond + time.Duration(rand.IntN(int(200*time.Millisecond))))
		netns.Must(t, d.Process.Kill())
		_ = d.Wait() // it was killed
		stop()
		checkKilled(t, dir, name, sent())
	}
}

// checkKilled reads what a killed program left in a folder: rotated files, which sort by
// their time, and the one that was being written.
func checkKilled(t *testing.T, dir, name string, sent uint64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "a-*"))
	netns.Must(t, err)
	last, err := filepath.Glob(filepath.Join(dir, name))
	netns.Must(t, err)
	files = append(files, last...) // there is none for a moment
	var n uint64
	for i, path := range files {
		n += checkRouters(t, path, n, i == len(files)-1)
	}
	if n == 0 || n > sent {
		t.Errorf("%d packets of %d are in %d files", n, sent, len(files))
	}
}

// checkRouters reads a file, in which the packets of sendPTB follow the nth, and returns
// how many they are. The last of all files may end within a packet.
func checkRouters(t *testing.T, path string, n uint64, last bool) (count uint64) {
	t.Helper()
	r, err := capfile.Open(path, capfile.ReaderOptions{})
	netns.Must(t, err)
	defer r.Close()
	batch := make([]pipeline.Packet, 256)
	for err == nil {
		var got int
		got, err = r.ReadBatch(batch)
		for i := range batch[:got] {
			p := &batch[i]
			p.Decode()
			count++
			router := p.Router().As16()
			if number := uint64(router[13])<<16 | uint64(router[14])<<8 | uint64(router[15]); number != n+count {
				t.Fatalf("%s: packet %d is number %d", path, n+count, number)
			}
		}
	}
	if !errors.Is(err, io.EOF) && !(last && strings.Contains(err.Error(), "the file ends after")) {
		t.Error(err)
	}
	if _, err := exec.LookPath("tshark"); err == nil && last {
		// If the last packet is cut, tshark says so, and that is an error.
		out, err := exec.CommandContext(t.Context(), "tshark", "-nr", path, "-Tfields", "-eframe.number").Output()
		if lines := uint64(bytes.Count(out, []byte("\n"))); lines != count {
			t.Errorf("tshark reads %d packets of %d in %s: %v", lines, count, path, err)
		}
	}
	return count
}
