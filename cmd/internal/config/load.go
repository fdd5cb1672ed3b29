package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Load reads configuration files, and of folders all files whose names end with
// .yaml, .yml, .toml or .json, sorted, but for hidden ones. An error is a
// [Mistakes] with all mistakes of all files. The File is never nil, and holds
// what was understood.
func Load(paths []string, plugins []pipeline.Plugin) (*File, error) {
	r := &report{texts: texts{}}
	f := &File{texts: r.texts}
	for _, p := range paths {
		for _, name := range r.expand(p) {
			f.read(name, r)
		}
	}
	r.files = f.Names
	if len(f.Pipelines) == 0 && len(r.mistakes) == 0 {
		r.add(Position{File: strings.Join(paths, ", ")}, "add `pipelines`", "no pipelines are declared")
	}
	f.resolve(plugins, r)
	return f, r.err()
}

func (f *File) read(name string, r *report) {
	if !slices.Contains(f.Names, name) {
		f.Names = append(f.Names, name)
	}
	if d := readDocument(name, r); d != nil {
		d.shape(f)
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
	entries, err := os.ReadDir(path)
	if err != nil {
		r.add(Position{File: path}, "", "%v", withoutPath(err))
		return nil
	}
	var files []string
	for _, e := range entries {
		if isConfig(filepath.Join(path, e.Name())) {
			files = append(files, filepath.Join(path, e.Name()))
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
	switch filepath.Ext(path) {
	case ".yaml", ".yml", ".toml", ".json":
		info, err := os.Stat(path) // also of what a link leads to
		return err != nil || !info.IsDir()
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
