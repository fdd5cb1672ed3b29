package write

import (
	"reflect"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// View says what of a configuration is shown.
type View struct {
	Defaults bool // the settings that were not written too
	Origins  bool // a remark at each where it comes from
}

// Effective returns what f comes to, its variables replaced. The File must have been
// resolved without mistakes.
func Effective(f *config.File, v View) *Document {
	return document(f, v.settings(&f.Global, f.Settings), func(s config.Stage) (remarks, section) {
		settings := v.settings(s.Resolved.Settings, s.Settings)
		if s.Resolved.Plugin.Kind == pipeline.KindSink {
			settings = append(settings, v.settings(&s.Resolved.Sink, s.Settings)...)
		}
		return remarks{behind: v.origin(place(s.At))}, settings
	})
}

// settings returns the fields that a pointer to a struct leads to, and where those that
// were written come from.
func (v View) settings(settings any, declared config.Table) (shown section) {
	for _, info := range setting.Of(settings) {
		field := reflect.ValueOf(settings).Elem().FieldByIndex(info.Field.Index)
		from := declared.Find(info.Name)
		s := line{name: info.Name, remarks: remarks{behind: v.origin("default")}}
		switch {
		case info.Type == setting.Section:
			if inside := v.settings(field.Addr().Interface(), from.Table()); inside != nil {
				shown = append(shown, line{name: info.Name, value: inside})
			}
			continue
		case from != nil:
			s.behind = v.origin(origin(from))
		case !v.Defaults:
			continue
		}
		if s.value = setting.Value(field); s.value == nil && from != nil {
			s.value = from.Value
		}
		if s.value != nil {
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
func origin(s *config.Setting) string {
	at := s.At
	items, _ := s.Value.(config.List)
	for _, item := range items {
		if o := item.At.Origin; o != "" && !slices.Contains(strings.Split(at.Origin, ", "), o) {
			at.Origin = strings.TrimPrefix(at.Origin+", "+o, ", ")
		}
	}
	return place(at)
}

func place(at config.Position) string {
	if at.Origin == "" {
		return at.String()
	}
	return at.Origin + " at " + at.String()
}
