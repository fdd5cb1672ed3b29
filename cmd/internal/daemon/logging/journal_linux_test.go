package logging_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/logging"
)

func TestIsJournal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var at unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &at); err != nil {
		t.Fatal(err)
	}
	if logging.IsJournal(f) {
		t.Error("a file is taken for the journal")
	}
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", at.Dev, at.Ino+1))
	if logging.IsJournal(f) {
		t.Error("a stream that was redirected is taken for the journal")
	}
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", at.Dev, at.Ino))
	if !logging.IsJournal(f) {
		t.Error("the journal is not recognised")
	}
	if logging.IsJournal(new(bytes.Buffer)) {
		t.Error("a buffer is taken for the journal")
	}
}
