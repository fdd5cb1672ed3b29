package config

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
)

// Fingerprint returns a text that changes when the content of the files does that
// [Load] reads at these paths, or their number. Included files ([File]) may be among
// the paths. What can't be read counts as content too; pipes are not read, since they
// give their content once only.
func Fingerprint(paths []string) string {
	sum := sha256.New()
	for _, path := range paths {
		for _, name := range (&report{texts: texts{}}).expand(path) {
			fmt.Fprintf(sum, "%q ", name)
			if err := addFile(sum, name); err != nil {
				fmt.Fprintf(sum, "%q ", err)
			}
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// addFile writes what a file holds, and how much, to w.
func addFile(w io.Writer, name string) error {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(w, io.LimitReader(f, maxOctets+1))
	fmt.Fprintf(w, " %d ", n)
	return err
}
