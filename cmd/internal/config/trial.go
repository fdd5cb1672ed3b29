package config

import (
	"errors"
	"math"
	"reflect"
	"slices"

	"github.com/pmtud/pmtud/pipeline"
)

// try builds the stage, which touches nothing, to hear what the plugin has to say
// of its settings, of which some may not be known.
func (r *resolver) try(s *Stage, pipelineName string, unsure map[string]bool) {
	r.stageErrors(s, sure(s.settings, unsure, func() error {
		return build(s, trialEnv(pipelineName, s.called()))
	}))
	if len(unsure) > 0 {
		s.needs = pipeline.Needs{} // of a guess
	}
}

// sure returns what check says of settings, but for what may only come of those whose
// values are not known: what it says of them, and what it says no more when they have
// other values. So no mistake hides another one in the same stage, and none is noted that
// goes with another.
func sure(settings any, unsure map[string]bool, check func() error) error {
	errs := slices.DeleteFunc(split(check()), func(err error) bool { return unsure[blamed(err)] })
	v := reflect.ValueOf(settings).Elem()
	for _, info := range pipeline.SettingsOf(settings) {
		if !unsure[info.Name] {
			continue
		}
		field := v.FieldByIndex(info.Field.Index)
		before := reflect.New(field.Type()).Elem()
		before.Set(field)
		for _, value := range samples(info, field.Type()) {
			if len(errs) == 0 {
				break
			}
			field.Set(value)
			errs = stay(errs, split(check()))
		}
		field.Set(before)
	}
	return errors.Join(errs...)
}

// blamed returns the name of the setting that an error is about, or "".
func blamed(err error) string {
	if bad, ok := errors.AsType[*pipeline.SettingError](err); ok {
		return bad.Setting
	}
	return ""
}

// stay returns the errors whose settings are blamed now, too.
func stay(errs, now []error) []error {
	return slices.DeleteFunc(errs, func(err error) bool {
		return !slices.ContainsFunc(now, func(other error) bool { return blamed(other) == blamed(err) })
	})
}

// samples returns values that a setting may have: those it lists, the ends of its range,
// and its example.
func samples(info pipeline.SettingInfo, t reflect.Type) (values []reflect.Value) {
	texts := append(slices.Clone(info.Enum), info.Min, info.Max, info.Example)
	if t.Kind() == reflect.Bool {
		texts = append(texts, "true", "false")
	}
	for _, text := range texts {
		if v, err := info.Parse(text); err == nil && text != "" && v.Type().AssignableTo(t) {
			values = append(values, v)
		}
	}
	return append(values, ends(info, t)...)
}

// ends returns the smallest and the largest number of a type, as far as no bounds of
// the setting stand for them.
func ends(info pipeline.SettingInfo, t reflect.Type) (values []reflect.Value) {
	least, most := reflect.New(t).Elem(), reflect.New(t).Elem()
	switch {
	case isText(t):
		return nil
	case most.CanInt():
		most.SetInt(math.MaxInt64 >> (64 - t.Bits()))
	case most.CanUint():
		most.SetUint(math.MaxUint64 >> (64 - t.Bits()))
	case most.CanFloat():
		most.SetFloat(math.MaxFloat32)
	default:
		return nil
	}
	if info.Min == "" {
		values = append(values, least)
	}
	if info.Max == "" {
		values = append(values, most)
	}
	return values
}
