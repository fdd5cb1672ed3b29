package syntax_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
)

// TestBroken reads the files of the configuration's tests, and compares what is said of
// those that are broken with the golden files.
func TestBroken(t *testing.T) {
	broken := 0
	for _, dir := range []string{"../testdata/broken", "../testdata"} {
		names, err := filepath.Glob(dir + "/*.*[nl]")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range names {
			name := filepath.Base(path)
			if strings.HasSuffix(name, ".golden") || !syntax.IsFile(name) {
				continue
			}
			t.Run(path, func(t *testing.T) {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				t.Chdir(dir)
				r := mistake.NewReport()
				if root := syntax.Read(name, data, r); root == nil {
					broken++
					goldentest.Compare(t, name+".golden", r.Err().Error()+"\n")
				}
			})
		}
	}
	if broken < 70 {
		t.Errorf("%d files are broken", broken)
	}
}
