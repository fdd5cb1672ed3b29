package config

import (
	"context"
	"reflect"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/disk"
	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/config/variable"
	"github.com/pmtud/pmtud/pipeline"
)

// Load reads configuration files and folders of them, and resolves what they declare. In a
// folder it reads the regular files *.yaml, *.yml, *.toml and *.json in the order of their
// names, without hidden ones. Backups of editors and package managers end otherwise
// (a.yaml~, a.yaml.bak). A file that several paths or links lead to is read once, where it
// comes first. Load waits at most a few seconds for a file, and no longer than ctx lasts.
// An error is a [Mistakes] of all files. The File is never nil, and holds what was
// understood.
func Load(ctx context.Context, paths []string, plugins []pipeline.Plugin) (*File, error) {
	r := mistake.NewReport()
	f := &File{texts: r.Texts}
	d := newDeclarer(f, r)
	l := newLoader(ctx, r)
	for _, found := range disk.Find(ctx, paths, r) {
		f.Names = append(f.Names, found.Name)
		root := l.read(found.Name)
		switch {
		case root == nil:
		case root.Value != nil:
			d.file(root)
		default: // one of a folder may have all its lines switched off
			f.Empty = append(f.Empty, found.Name)
			if !found.InFolder {
				r.Add(Position{File: found.Name}, "`pmtud init` writes one to start from", "file is empty")
			}
		}
	}
	f.Included = l.Files.Included
	r.Files = f.Names
	f.resolve(plugins, r)
	if len(f.Pipelines) == 0 && len(r.Mistakes) == 0 {
		r.Add(Position{File: strings.Join(paths, ", ")}, "add `pipelines`", "no pipelines are declared")
	}
	return f, r.Err()
}

// Declare returns what a tree declares that is not a file's, resolved as [Load] does it. An
// error is a [Mistakes].
func Declare(root *syntax.Node, r *mistake.Report, plugins []pipeline.Plugin) (*File, error) {
	f := &File{texts: r.Texts}
	newDeclarer(f, r).file(root)
	f.resolve(plugins, r)
	return f, r.Err()
}

// Decode reads a file that holds something else than pipelines into the struct
// that into points to, with the strictness of [Load]. Fields are tagged as those of
// a plugin's settings, and besides may be structs, lists of structs and maps by
// name. Instead of a list of structs that have a `name` the file may hold a map by
// name; the list then has the order of the text. An untagged field At of type
// [Position] gets the place of its struct. An error is a [Mistakes].
func Decode(ctx context.Context, name string, into any) error {
	r := mistake.NewReport()
	r.Files = []string{name}
	whole := Position{File: name}
	switch root := newLoader(ctx, r).read(name); {
	case root == nil:
	case root.Value == nil:
		r.Add(whole, "", "file is empty")
	default:
		root.At = whole
		newDeclarer(nil, r).value(root, whole, "")
		s := decoder{r}
		s.structure(reflect.ValueOf(into).Elem(), root, "the file")
	}
	return r.Err()
}

// loader reads the files of a configuration into nodes.
type loader struct{ variable.Expander }

func newLoader(ctx context.Context, r *mistake.Report) *loader {
	return &loader{variable.Expander{Report: r, Files: disk.NewReader(ctx)}}
}

// read reads a file and replaces its variables. It returns what [syntax.Read] does.
func (l *loader) read(name string) *syntax.Node {
	whole := Position{File: name}
	if !syntax.IsFile(name) {
		l.Add(whole, "", "file name must end in .yaml, .yml, .toml or .json")
		return nil
	}
	data, err := l.Files.Read(name, false)
	if err != nil {
		l.Add(whole, "", "%v", disk.WithoutPath(err))
		return nil
	}
	root := syntax.Read(name, data, l.Report)
	if root != nil {
		l.Expand(root)
	}
	return root
}
