package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// View says what of a configuration is shown.
type View struct {
	Defaults bool // the settings that were not written too
	Origins  bool // a remark at each where it comes from
}

// Effective returns a File that holds what f comes to, its variables replaced, to be
// written by [Marshal]. The File must have been resolved without mistakes.
func (f *File) Effective(v View) *File {
	e := &File{Settings: v.settings(reflect.ValueOf(&f.Global).Elem(), f.Settings)}
	for _, p := range f.Pipelines {
		e.Pipelines = append(e.Pipelines, Pipeline{
			Name: p.Name, Sources: v.stages(p.Sources), Filters: v.stages(p.Filters), Sinks: v.stages(p.Sinks),
		})
	}
	return e
}

func (v View) stages(stages []Stage) (shown []Stage) {
	for _, s := range stages {
		shown = append(shown, Stage{
			Type: s.Type, Name: s.Name, Filters: v.stages(s.Filters),
			Settings: v.settings(reflect.ValueOf(s.settings).Elem(), s.Settings),
			Remarks:  Remarks{Behind: v.origin(origin(s.At))},
		})
	}
	return shown
}

// settings returns the fields of a struct, and where those that were written come
// from.
func (v View) settings(fields reflect.Value, written []Setting) (shown []Setting) {
	for _, info := range setting.Of(fields.Interface()) {
		field := fields.FieldByIndex(info.Field.Index)
		from := find(written, info.Name)
		s := Setting{Name: info.Name, Remarks: Remarks{Behind: v.origin("default")}}
		switch {
		case isNested(field.Type()):
			var inner Table
			if from != nil {
				inner, _ = from.Value.(Table)
			}
			if table := v.settings(field, inner); len(table) > 0 {
				shown = append(shown, Setting{Name: info.Name, Value: Table(table)})
			}
			continue
		case from != nil:
			s.Remarks.Behind = v.origin(from.origin())
		case !v.Defaults:
			continue
		}
		if s.Value = asWritten(setting.Value(field)); s.Value == nil && from != nil {
			s.Value = from.Value
		}
		if s.Value != nil {
			shown = append(shown, s)
		}
	}
	return shown
}

func (v View) origin(text string) string {
	if !v.Origins {
		return ""
	}
	return text
}

// origin returns where a setting's value comes from: a place, and what variables in it
// were replaced from.
func (s Setting) origin() string {
	at := s.At
	for _, item := range s.ItemsAt {
		if item.Origin != "" && !slices.Contains(strings.Split(at.Origin, ", "), item.Origin) {
			at.Origin = strings.TrimPrefix(at.Origin+", "+item.Origin, ", ")
		}
	}
	return origin(at)
}

func origin(p Position) string {
	if p.Origin == "" {
		return p.String()
	}
	return p.Origin + " at " + p.String()
}
