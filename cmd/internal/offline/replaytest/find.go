package replaytest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Find returns the test files that paths name: files as they are, and of folders
// and those below them all files whose names end with _test.yaml, _test.yml or
// _test.toml, sorted. A path with none is an error.
func Find(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		found, err := find(path)
		if err != nil {
			return nil, fmt.Errorf("find tests: %w", err)
		}
		files = append(files, found...)
	}
	return files, nil
}

func find(path string) (files []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	err = filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && isTest(path) {
			files = append(files, path)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there are no files *_test.yaml, *_test.yml or *_test.toml in %s", path)
	}
	return files, err
}

func isTest(path string) bool {
	for _, ending := range []string{"_test.yaml", "_test.yml", "_test.toml"} {
		if strings.HasSuffix(path, ending) {
			return true
		}
	}
	return false
}
