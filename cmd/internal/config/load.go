package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Load reads configuration files and of folders those files whose names end with
// .yaml, .yml, .toml or .json, in the order of their names, but for hidden ones and
// for folders, pipes and devices inside. What editors and package managers leave beside
// a file ends otherwise (a.yaml~, a.yaml.bak), and so is left out too. A file that
// several paths or links lead to is read once, where it comes first. An error is a
// [Mistakes] with all mistakes of all files. The File is never nil, and holds what was
// understood.
func Load(paths []string, plugins []pipeline.Plugin) (*File, error) {
	r := &report{texts: texts{}}
	f := &File{texts: r.texts}
	var seen []os.FileInfo
	for _, p := range paths {
		for _, name := range r.expand(p) {
			if !isSeen(name, &seen) {
				f.read(name, r)
			}
		}
	}
	r.files = f.Names
	f.resolve(plugins, r)
	if len(f.Pipelines) == 0 && len(r.mistakes) == 0 {
		r.add(Position{File: strings.Join(paths, ", ")}, "add `pipelines`", "no pipelines are declared")
	}
	return f, r.err()
}

// isSeen reports whether the file is one of those seen before, to which it adds it.
func isSeen(name string, seen *[]os.FileInfo) bool {
	info, err := os.Stat(name)
	if err != nil {
		return false // reading says what is wrong
	}
	for _, other := range *seen {
		if os.SameFile(info, other) {
			return true
		}
	}
	*seen = append(*seen, info)
	return false
}

func (f *File) read(name string, r *report) {
	f.Names = append(f.Names, name)
	d := readDocument(name, r)
	if d == nil {
		return
	}
	d.shape(f)
	for _, path := range d.included {
		if !slices.Contains(f.Included, path) {
			f.Included = append(f.Included, path)
		}
	}
}

// expand returns the files that a path stands for.
func (r *report) expand(path string) []string {
	info, err := os.Stat(path)
	if err != nil {
		r.add(Position{File: path}, "", "%v", withoutPath(err))
		return nil
	}
	if !info.IsDir() {
		return []string{path}
	}
	entries, err := os.ReadDir(path) // in the order of their names
	if err != nil {
		r.add(Position{File: path}, "", "%v", withoutPath(err))
		return nil
	}
	var files []string
	for _, e := range entries {
		if name := filepath.Join(path, e.Name()); isConfig(name) {
			files = append(files, name)
		}
	}
	if len(files) == 0 {
		r.add(Position{File: path}, "", "folder holds no files *.yaml, *.yml, *.toml or *.json")
	}
	return files
}

func isConfig(path string) bool {
	if strings.HasPrefix(filepath.Base(path), ".") {
		return false
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml", ".toml", ".json":
		info, err := os.Stat(path) // also of what a link leads to
		return err != nil || info.Mode().IsRegular()
	}
	return false
}

// Locate turns an error of [pipeline.New] for a spec of f into Mistakes at the
// places where f declares what is wrong.
func (f *File) Locate(name string, err error) Mistakes {
	r := &report{texts: f.texts, files: f.Names}
	for i := range f.Pipelines {
		if f.Pipelines[i].Name == name {
			r.locate(&f.Pipelines[i], err)
			return r.mistakes
		}
	}
	return Mistakes{{Message: fmt.Sprintf("pipeline %s: %v", name, err)}}
}
