package config

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// Fingerprint returns a text that changes when the content of the files does that
// [Load] reads at these paths, or their number. Included files ([File]) may be among
// the paths. What can't be read counts as content too; pipes are not read, since they
// give their content once only.
func Fingerprint(ctx context.Context, paths []string) string {
	sum := sha256.New()
	r := mistake.NewReport()
	for _, f := range findFiles(ctx, paths, r) {
		fmt.Fprintf(sum, "%q ", f.name)
		if f.info == nil || !f.info.Mode().IsRegular() {
			continue
		}
		data, err := newReader(ctx).read(f.name, true)
		fmt.Fprintf(sum, "%d %v ", len(data), err)
		sum.Write(data)
	}
	fmt.Fprint(sum, r.Mistakes)
	return fmt.Sprintf("%x", sum.Sum(nil))
}
