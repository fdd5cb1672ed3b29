package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Times of a progress bar: it appears when something takes long, and is not drawn
// more often than anyone can read.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// progressBar shows on a terminal how far a replay has come.
type progressBar struct {
	out   io.Writer // nil where it is no terminal
	total int64     // bytes of the captures; 0 if that is not known
	begin time.Time
	drawn time.Time
}

func newProgressBar(out io.Writer, captures []string) *progressBar {
	b := &progressBar{begin: time.Now()}
	if isTerminal(out) {
		b.out, b.total = out, plainSize(captures)
	}
	return b
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// plainSize returns the size of captures that are files and not compressed, else 0.
func plainSize(captures []string) (total int64) {
	for _, path := range captures {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || !strings.Contains(path, ".pcap") ||
			strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".zst") {
			return 0
		}
		total += info.Size()
	}
	return total
}

// recordLen is about what a capture file holds of a packet besides its bytes.
const recordLen = 16

// show draws the bar if it is time to.
func (b *progressBar) show(packets, size uint64) {
	if b.out == nil {
		return
	}
	now := time.Now()
	if now.Sub(b.begin) < progressAfter || now.Sub(b.drawn) < progressEvery {
		return
	}
	b.drawn = now
	rate := float64(packets) / now.Sub(b.begin).Seconds() / 1e6
	bar := ""
	if b.total > 0 {
		done := min(1, float64(size+recordLen*packets)/float64(b.total))
		bar = fmt.Sprintf("[%-30s] %3.0f %%  ", strings.Repeat("=", int(30*done)), 100*done)
	}
	fmt.Fprintf(b.out, "\r%s%d packets, %.1f million per second ", bar, packets, rate)
}

// clear takes the bar away.
func (b *progressBar) clear() {
	if !b.drawn.IsZero() {
		fmt.Fprintf(b.out, "\r%80s\r", "")
	}
}
