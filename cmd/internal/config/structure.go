package config

import (
	"errors"
	"reflect"

	"github.com/go-viper/mapstructure/v2"
)

// Checker is a struct that has more to say about its settings than their types
// do. Check is called once they have been decoded, with the file's name; errors
// are those of [pipeline.BadSetting], and may be joined.
type Checker interface {
	Check(file string) error
}

// Decode reads a file that holds something else than pipelines into the struct
// that into points to, with the strictness of [Load]. Fields are tagged as those of
// a plugin's settings, and besides may be structs, lists of structs and maps by
// name. Instead of a list of structs that have a `name` the file may hold a map by
// name; the list then has the order of the text. An untagged field At of type
// [Position] gets the place of its struct. An error is a [Mistakes].
func Decode(name string, into any) error {
	r := &report{texts: texts{}, files: []string{name}}
	if d := readDocument(name, r); d != nil {
		s := structReader{shaper: shaper{document: d}, resolver: resolver{report: r}}
		whole := place{value: Position{File: name}}
		s.structure(reflect.ValueOf(into).Elem(), entry{value: d.tree, place: whole}, "the file")
	}
	return r.err()
}

// structReader puts the values of a document into structs.
type structReader struct {
	shaper   shaper
	resolver resolver
}

// isNested reports whether a field of the type holds settings with names.
func isNested(t reflect.Type) bool {
	if t.Kind() == reflect.Slice && !isText(t) {
		t = t.Elem()
	}
	return (t.Kind() == reflect.Struct || t.Kind() == reflect.Map) && !isText(t)
}

// value puts the value of e into v.
func (s *structReader) value(v reflect.Value, e entry) {
	switch {
	case !isNested(v.Type()):
		s.scalar(v, e)
	case v.Kind() == reflect.Struct:
		s.structure(v, e, "`"+e.key+"`")
	case v.Kind() == reflect.Map:
		s.mapping(v, e)
	default:
		s.list(v, e)
	}
}

func (s *structReader) structure(v reflect.Value, e entry, what string) {
	m, ok := s.named(e)
	if !ok {
		return
	}
	settings := Stage{At: e.place.value}
	for _, child := range s.shaper.entriesOf(m, e.at) {
		settings.Settings = s.setting(settings.Settings, child)
	}
	before := len(s.resolver.mistakes)
	s.resolver.decodeInto(v.Addr().Interface(), &settings, what)
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := field.Tag.Get(settingTag)
		if value := m[name]; value != nil && isNested(field.Type) {
			at := e.at.child(name)
			s.value(v.Field(i), entry{name, value, at, s.shaper.index[at]})
		}
		if field.Name == "At" && field.Type == reflect.TypeFor[Position]() {
			v.Field(i).Set(reflect.ValueOf(settings.At))
		}
	}
	if c, ok := v.Addr().Interface().(Checker); ok && len(s.resolver.mistakes) == before {
		if err := c.Check(s.shaper.name); err != nil {
			s.resolver.stageErrors(&settings, err)
		}
	}
}

// setting notes a setting, and what is wrong with values that are not nested: the
// nested ones are looked at later.
func (s *structReader) setting(settings []Setting, e entry) []Setting {
	if _, ok := e.value.(map[string]any); ok {
		return append(settings, Setting{Name: e.key, Value: e.value, At: e.place.value, NameAt: e.place.key})
	}
	return s.shaper.setting(settings, e)
}

func (s *structReader) mapping(v reflect.Value, e entry) {
	m, ok := s.named(e)
	if !ok {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, child := range s.shaper.entriesOf(m, e.at) {
		element := reflect.New(v.Type().Elem()).Elem()
		s.value(element, child)
		v.SetMapIndex(reflect.ValueOf(child.key).Convert(v.Type().Key()), element)
	}
}

// list reads a list of structs, or the map that stands for it.
func (s *structReader) list(v reflect.Value, e entry) {
	if m, ok := e.value.(map[string]any); ok {
		s.byName(v, s.shaper.entriesOf(m, e.at))
		return
	}
	elements, ok := e.value.([]any)
	if !ok {
		s.shaper.wrong(e.place.value, "`"+e.key+"`", "be a list, or a map by name", e.value)
		return
	}
	for i, value := range elements {
		if value == nil {
			continue // as was noted
		}
		at := e.at.item(i)
		element := reflect.New(v.Type().Elem()).Elem()
		s.structure(element, entry{e.key, value, at, s.shaper.index[at]}, "element of `"+e.key+"`")
		v.Set(reflect.Append(v, element))
	}
}

// byName reads a map of structs, whose keys are their names.
func (s *structReader) byName(v reflect.Value, entries []entry) {
	for _, e := range entries {
		e.place.value = e.place.key // more of use than where the settings begin
		if m, ok := e.value.(map[string]any); ok {
			if _, twice := m["name"]; twice {
				s.shaper.add(s.shaper.index[e.at.child("name")].key, "", "`%s` has a name already", e.key)
				continue
			}
			m["name"] = e.key
			s.shaper.index[e.at.child("name")] = e.place
		}
		element := reflect.New(v.Type().Elem()).Elem()
		s.structure(element, e, "`"+e.key+"`")
		v.Set(reflect.Append(v, element))
	}
}

// named returns the settings that e holds.
func (s *structReader) named(e entry) (map[string]any, bool) {
	m, ok := e.value.(map[string]any)
	if !ok {
		s.shaper.wrong(e.place.value, "`"+e.key+"`", "hold settings with names", e.value)
	}
	return m, ok
}

// scalar decodes a value of a map.
func (s *structReader) scalar(v reflect.Value, e entry) {
	if len(s.setting(nil, e)) == 0 || e.value == nil {
		return
	}
	config := decoderConfig()
	config.Result = v.Addr().Interface()
	decoder, err := mapstructure.NewDecoder(config)
	if err == nil {
		err = decoder.Decode(e.value)
	}
	if decode, ok := errors.AsType[*mapstructure.DecodeError](err); ok {
		err = decode.Unwrap()
	}
	if err != nil {
		s.resolver.valueError(e.key, e.place.value, err)
	}
}
