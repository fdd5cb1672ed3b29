package disk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

// maxNames bounds how many files a folder may hold, and all folders together.
const maxNames = 1000

// Found is a file that is to be read.
type Found struct {
	Name     string
	info     os.FileInfo // nil if it could not be looked at; reading says why
	InFolder bool        // which was named instead of the file
}

// Find returns the files that paths stand for, each once.
func Find(ctx context.Context, paths []string, r *mistake.Report) (files []Found) {
	for _, path := range paths {
		more, err := patiently(ctx, func(context.Context) ([]Found, error) { return expand(path) })
		if err != nil {
			r.Add(mistake.Position{File: path}, "", "%v", err)
		}
		for _, f := range more {
			if slices.ContainsFunc(files, func(known Found) bool { return os.SameFile(known.info, f.info) }) {
				continue
			}
			if len(files) == maxNames {
				r.Add(mistake.Position{File: path}, "", "there are more than %d files", maxNames)
				return files
			}
			files = append(files, f)
		}
	}
	return files
}

// expand returns the files that a path stands for.
func expand(path string) ([]Found, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, WithoutPath(err)
	}
	if !info.IsDir() {
		return []Found{{path, info, false}}, nil
	}
	entries, err := os.ReadDir(path) // in the order of their names
	if err != nil {
		return nil, WithoutPath(err)
	}
	var files []Found
	for _, e := range entries {
		if f, ok := lookAt(filepath.Join(path, e.Name())); ok {
			files = append(files, f)
		}
		if len(files) > maxNames {
			break // as Find says
		}
	}
	if len(files) == 0 {
		return nil, errors.New("folder contains no files *.yaml, *.yml, *.toml or *.json")
	}
	return files, nil
}

// lookAt reports whether a file of a folder is a configuration.
func lookAt(path string) (f Found, ok bool) {
	if strings.HasPrefix(filepath.Base(path), ".") || filepath.Ext(path) == "" || !syntax.IsFile(path) {
		return Found{}, false
	}
	info, err := os.Stat(path) // also of what a link leads to
	return Found{path, info, true}, err != nil || info.Mode().IsRegular()
}
