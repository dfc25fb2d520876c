package render

import (
	"cmp"
	"encoding/json"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
)

// OptionsOf gives what a Sync's own text says of its build. The variables of ConfigMaps
// and Secrets, the keys and the cluster's capabilities are for the caller to add.
func OptionsOf(s *v1.Sync) build.Options {
	spec := s.Spec
	options := build.Options{Namespace: cmp.Or(spec.TargetNamespace, s.Namespace), Release: s.Name}
	if spec.Substitute != nil {
		options.Variables = map[string]string{}
		for name, value := range spec.Substitute.Variables {
			options.Variables[name] = value
		}
	}
	if helm := spec.Helm; helm != nil {
		options.Release = cmp.Or(helm.ReleaseName, options.Release)
		options.Helm = build.Helm{ValuesFiles: helm.ValuesFiles, SkipCRDs: helm.SkipCRDs}
		if helm.Values != nil {
			options.Helm.Values = json.RawMessage(helm.Values.Raw)
		}
	}
	return options
}
