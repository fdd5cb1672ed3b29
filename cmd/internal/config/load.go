package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/pipeline"
)

// maxNames bounds how many files a folder may hold, and all folders together.
const maxNames = 1000

// Load reads configuration files and of folders those files whose names end with
// .yaml, .yml, .toml or .json, in the order of their names, but for hidden ones and
// for folders, pipes and devices inside. What editors and package managers leave beside
// a file ends otherwise (a.yaml~, a.yaml.bak), and so is left out too. A file that
// several paths or links lead to is read once, where it comes first. It waits for no
// file longer than a few seconds, nor longer than ctx lasts. An error is a [Mistakes]
// with all mistakes of all files. The File is never nil, and holds what was understood.
func Load(ctx context.Context, paths []string, plugins []pipeline.Plugin) (*File, error) {
	r := mistake.NewReport()
	f := &File{texts: r.Texts, settingsAt: map[string]Position{}, pipelinesAt: map[string]Position{}}
	files := newReader(ctx)
	for _, found := range findFiles(ctx, paths, r) {
		f.read(found, files, r)
	}
	f.Included = files.included
	r.Files = f.Names
	f.resolve(plugins, r)
	if len(f.Pipelines) == 0 && len(r.Mistakes) == 0 {
		r.Add(Position{File: strings.Join(paths, ", ")}, "add `pipelines`", "no pipelines are declared")
	}
	return f, r.Err()
}

// found is a file that is to be read.
type found struct {
	name     string
	info     os.FileInfo // nil if it could not be looked at; reading says why
	inFolder bool        // which was named instead of the file
}

// findFiles returns the files that paths stand for, each once.
func findFiles(ctx context.Context, paths []string, r *mistake.Report) (files []found) {
	for _, path := range paths {
		more, err := patiently(ctx, func(context.Context) ([]found, error) { return expand(path) })
		if err != nil {
			r.Add(Position{File: path}, "", "%v", err)
		}
		for _, f := range more {
			if slices.ContainsFunc(files, f.isSame) {
				continue
			}
			if len(files) == maxNames {
				r.Add(Position{File: path}, "", "there are more than %d files", maxNames)
				return files
			}
			files = append(files, f)
		}
	}
	return files
}

func (f found) isSame(other found) bool {
	return f.info != nil && other.info != nil && os.SameFile(f.info, other.info)
}

// read reads a file. One of a folder may declare nothing, such as one whose lines are
// all switched off: that is a note, and no mistake.
func (f *File) read(from found, files *reader, r *mistake.Report) {
	f.Names = append(f.Names, from.name)
	d := readDocument(from.name, files, r)
	if d == nil {
		return
	}
	if d.empty {
		f.Empty = append(f.Empty, from.name)
		if !from.inFolder {
			r.Add(Position{File: from.name}, "", "file is empty")
		}
		return
	}
	d.shape(f)
}

// expand returns the files that a path stands for.
func expand(path string) ([]found, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.IsDir() {
		return []found{{path, info, false}}, nil
	}
	entries, err := os.ReadDir(path) // in the order of their names
	if err != nil {
		return nil, withoutPath(err)
	}
	var files []found
	for _, e := range entries {
		if f, ok := lookAt(filepath.Join(path, e.Name())); ok {
			files = append(files, f)
		}
		if len(files) > maxNames {
			break // as findFiles says
		}
	}
	if len(files) == 0 {
		return nil, errors.New("folder holds no files *.yaml, *.yml, *.toml or *.json")
	}
	return files, nil
}

// lookAt reports whether a file of a folder is a configuration.
func lookAt(path string) (f found, ok bool) {
	if strings.HasPrefix(filepath.Base(path), ".") {
		return found{}, false
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml", ".toml", ".json":
		info, err := os.Stat(path) // also of what a link leads to
		if err != nil {
			return found{path, nil, true}, true
		}
		return found{path, info, true}, info.Mode().IsRegular()
	}
	return found{}, false
}

// Locate turns an error of [pipeline.New] for a spec of f into Mistakes at the
// places where f declares what is wrong.
func (f *File) Locate(name string, err error) Mistakes {
	r := resolver{Report: &mistake.Report{Texts: f.texts, Files: f.Names}}
	for i := range f.Pipelines {
		if f.Pipelines[i].Name == name {
			r.locate(&f.Pipelines[i], err)
			return r.Mistakes
		}
	}
	return Mistakes{{Message: fmt.Sprintf("pipeline %s: %v", name, err)}}
}

// With returns mistakes of f and one more that the caller found at a place in it, in
// order.
func (f *File) With(mistakes Mistakes, at Position, err error) Mistakes {
	r := mistake.Report{Texts: f.texts, Files: f.Names, Mistakes: mistakes}
	r.Add(at, "", "%v", err)
	r.Sort()
	return r.Mistakes
}
