package config

import (
	"context"
	"errors"
	"reflect"

	"github.com/go-viper/mapstructure/v2"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Checker is a struct that has more to say about its settings than their types
// do. Check is called once they have been decoded, with the file's name; errors
// are those of [setting.Errorf], and may be joined.
type Checker interface {
	Check(file string) error
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
		s := structReader{resolver{Report: r}, name}
		s.structure(reflect.ValueOf(into).Elem(), root, "the file")
	}
	return r.Err()
}

// structReader puts settings into structs that may hold others.
type structReader struct {
	resolver
	file string
}

// IsNested reports whether a field of the type holds settings with names.
func IsNested(t reflect.Type) bool {
	if t.Kind() == reflect.Slice && !setting.IsText(t) {
		t = t.Elem()
	}
	return (t.Kind() == reflect.Struct || t.Kind() == reflect.Map) && !setting.IsText(t)
}

// value puts the value of a setting into v.
func (r *structReader) value(v reflect.Value, s *Setting) {
	switch {
	case s.Value == nil: // as was noted
	case !IsNested(v.Type()):
		r.scalar(v, s)
	case v.Kind() == reflect.Struct:
		r.structure(v, s, "`"+s.Name+"`")
	case v.Kind() == reflect.Map:
		r.mapping(v, s)
	default:
		r.list(v, s)
	}
}

func (r *structReader) structure(v reflect.Value, s *Setting, what string) {
	table, ok := r.table(s)
	if !ok {
		return
	}
	section := Stage{At: s.At, Settings: table}
	settings := v.Addr().Interface()
	noted := r.Noted
	isRight := r.decodeInto(settings, &section, what)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if child := table.Find(field.Tag.Get(settingTag)); child != nil && IsNested(field.Type) {
			r.value(v.Field(i), child)
		}
		if field.Name == "At" && field.Type == reflect.TypeFor[Position]() {
			v.Field(i).Set(reflect.ValueOf(s.At))
		}
	}
	if c, ok := settings.(Checker); ok && isRight && r.Noted == noted {
		r.stageErrors(&section, c.Check(r.file))
	}
}

func (r *structReader) mapping(v reflect.Value, s *Setting) {
	table, ok := r.table(s)
	if !ok {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, child := range table {
		element := reflect.New(v.Type().Elem()).Elem()
		r.value(element, child)
		v.SetMapIndex(reflect.ValueOf(child.Name).Convert(v.Type().Key()), element)
	}
}

// list reads a list of structs, or the table that stands for it.
func (r *structReader) list(v reflect.Value, s *Setting) {
	if table, ok := s.Value.(Table); ok {
		r.byName(v, table)
		return
	}
	elements, ok := s.Value.(List)
	if !ok {
		wrong(r.Report, s.At, "`"+s.Name+"`", "be a list, or a map by name", s.Value, "")
		return
	}
	for _, item := range elements {
		element := reflect.New(v.Type().Elem()).Elem()
		item.Name = s.Name
		r.structure(element, item, "element of `"+s.Name+"`")
		v.Set(reflect.Append(v, element))
	}
}

// byName reads a table of structs, whose keys are their names.
func (r *structReader) byName(v reflect.Value, table Table) {
	for _, s := range table {
		s.At = s.NameAt // more of use than where the settings begin
		if t, ok := s.Value.(Table); ok {
			if twice := t.Find("name"); twice != nil {
				r.Add(twice.NameAt, "", "`%s` has a name already", s.Name)
				continue
			}
			s.Value = append(Table{{Name: "name", Value: s.Name, At: s.NameAt, NameAt: s.NameAt}}, t...)
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if s.Value != nil {
			r.structure(element, s, "`"+s.Name+"`")
		}
		v.Set(reflect.Append(v, element))
	}
}

// table returns the settings that s is made of.
func (r *structReader) table(s *Setting) (Table, bool) {
	table, ok := s.Value.(Table)
	if !ok {
		wrong(r.Report, s.At, "`"+s.Name+"`", "hold settings with names", s.Value, "")
	}
	return table, ok
}

// scalar decodes a value of a map.
func (r *structReader) scalar(v reflect.Value, s *Setting) {
	typed(s, v.Type())
	config := decoderConfig()
	config.Result = v.Addr().Interface()
	decoder, err := mapstructure.NewDecoder(config)
	if err == nil {
		err = decoder.Decode(plain(s.Value))
	}
	if decode, ok := errors.AsType[*mapstructure.DecodeError](err); ok {
		err = decode.Unwrap()
	}
	if err != nil {
		r.valueError(s.Name, s.At, err)
	}
}
