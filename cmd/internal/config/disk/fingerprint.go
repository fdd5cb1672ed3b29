package disk

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// Fingerprint returns a text that changes when the content of the files does that
// [Find] finds at these paths, or their number. Included files may be among
// the paths. What can't be read counts as content too; pipes are not read, since they
// give their content once only.
func Fingerprint(ctx context.Context, paths []string) string {
	sum := sha256.New()
	r := mistake.NewReport()
	for _, f := range Find(ctx, paths, r) {
		fmt.Fprintf(sum, "%q ", f.Name)
		if f.info == nil || !f.info.Mode().IsRegular() {
			continue
		}
		data, err := NewReader(ctx).Read(f.Name, true)
		fmt.Fprintf(sum, "%d %v ", len(data), err)
		sum.Write(data)
	}
	fmt.Fprint(sum, r.Mistakes)
	return fmt.Sprintf("%x", sum.Sum(nil))
}
