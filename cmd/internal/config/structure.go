package config

import (
	"reflect"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// Checker is a struct that has more to say about its settings than their types do. Check is
// called once they have been decoded; errors are those of [setting.Errorf], and may be joined.
type Checker interface {
	Check() error
}

// value puts the value of a setting into v.
func (d *decoder) value(v reflect.Value, s *Setting) {
	element := setting.Element(v.Type())
	isSection := (element.Kind() == reflect.Struct || element.Kind() == reflect.Map) && !setting.IsText(element)
	switch {
	case s.Value == nil: // as was noted
	case !isSection:
		if value, ok := d.convert(setting.Info{Name: s.Name}, s, v.Type()); ok {
			v.Set(value)
		}
	case v.Kind() == reflect.Struct:
		d.structure(v, s, "`"+s.Name+"`")
	case v.Kind() == reflect.Map:
		d.mapping(v, s)
	default:
		d.list(v, s)
	}
}

func (d *decoder) structure(v reflect.Value, s *Setting, what string) {
	table, ok := d.table(s)
	if !ok {
		return
	}
	settings := v.Addr().Interface()
	isRight := d.decodeInto(settings, section{Table: table, at: s.At, what: what})
	if at := v.FieldByName("At"); at.IsValid() && at.Type() == reflect.TypeFor[Position]() {
		at.Set(reflect.ValueOf(s.At))
	}
	if c, ok := settings.(Checker); ok && isRight {
		pluginErrors(d.Report, table, s.At, c.Check())
	}
}

func (d *decoder) mapping(v reflect.Value, s *Setting) {
	table, ok := d.table(s)
	if !ok {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, child := range table {
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(element, child)
		v.SetMapIndex(reflect.ValueOf(child.Name).Convert(v.Type().Key()), element)
	}
}

// list reads a list of structs, or a table of them by their names.
func (d *decoder) list(v reflect.Value, s *Setting) {
	add := func(s *Setting, what string) {
		element := reflect.New(v.Type().Elem()).Elem()
		if s.Value != nil {
			d.structure(element, s, what)
		}
		v.Set(reflect.Append(v, element))
	}
	switch all := s.Value.(type) {
	case List:
		for _, item := range all {
			item.Name = s.Name
			add(item, "element of `"+s.Name+"`")
		}
	case Table:
		for _, child := range all {
			if d.takeName(child) {
				add(child, "`"+child.Name+"`")
			}
		}
	default:
		wrong(d.Report, s.At, "`"+s.Name+"`", "be a list, or a mapping by name", s.Value, "")
	}
}

// takeName gives the settings of a struct the name that it has in a table.
func (d *decoder) takeName(s *Setting) bool {
	s.At = s.NameAt // more of use than where the settings begin
	table, ok := s.Value.(Table)
	if twice := table.Find("name"); twice != nil {
		d.Add(twice.NameAt, "", "`%s` has a name already", s.Name)
		return false
	}
	if ok {
		s.Value = append(Table{{Name: "name", Value: s.Name, At: s.NameAt, NameAt: s.NameAt}}, table...)
	}
	return true
}

// table returns the settings that s is made of.
func (d *decoder) table(s *Setting) (Table, bool) {
	table, ok := s.Value.(Table)
	if !ok {
		wrong(d.Report, s.At, "`"+s.Name+"`", "contain name-value pairs", s.Value, "")
	}
	return table, ok
}
