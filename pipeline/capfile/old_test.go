package capfile_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/capfile"
)

// Before version 2.4 the two lengths of a record came in another order, or in
// either.
func TestReadOldPcap(t *testing.T) {
	for name, o := range orders() {
		for _, tc := range []struct {
			major, minor  uint16
			first, second uint32
		}{
			{2, 0, 90, 3},
			{2, 1, 90, 3},
			{2, 2, 90, 3},
			{543, 0, 90, 3},
			{2, 3, 90, 3},
			{2, 3, 3, 90},
			{2, 4, 3, 90},
		} {
			t.Run(fmt.Sprintf("%s %d.%d %d first", name, tc.major, tc.minor, tc.first), func(t *testing.T) {
				file := fields(o, uint32(0xa1b2c3d4), tc.major, tc.minor, uint64(0), uint32(65535), uint32(1),
					uint32(1), uint32(2), tc.first, tc.second, "abc", uint32(1), uint32(3), uint32(2), uint32(2), "ab")
				want := []captured{{"abc", 90, 1_000_002_000, 1, 0}, {"ab", 2, 1_000_003_000, 1, 0}}
				if diff := cmp.Diff(want, mustRead(t, file)); diff != "" {
					t.Error(diff)
				}
				_, err := read(file[:len(file)-1], capfile.ReaderOptions{})
				if err == nil || err.Error() != "read capture: at byte 43: the file ends after 1 of a packet's 2 bytes" {
					t.Errorf("cut: %v", err)
				}
			})
		}
	}
}
