package helm

import (
	"errors"
	"fmt"
	"path"
	"slices"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"

	"github.com/towline-dev/towline/reconciler/build"
)

// revision is what .Release.Revision says. With IsInstall it is the same at every render,
// as in `helm template`: what a chart renders depends on what stands in Git, not on what
// was applied before.
const revision = 1

// prepare holds a chart against the rules and gives what its templates see.
func prepare(l *loaded, request build.Request, given map[string]any) (map[string]any, error) {
	c := l.chart
	at := path.Join(l.dir, "Chart.yaml")
	if library(c) {
		return nil, &build.Error{File: at, Err: errors.New("a library chart can't be applied"), Hint: "a chart that depends on it can"}
	}
	if err := checkDependencies(at, c); err != nil {
		return nil, err
	}
	hiding := &hiding{}
	hiding.charts(c)
	given = hiding.hide(given)
	if err := chartutil.ProcessDependencies(c, given); err != nil {
		return nil, &build.Error{File: at, Err: fmt.Errorf("resolving dependencies: %w", err)}
	}
	if err := checkEnabled(at, c); err != nil {
		return nil, err
	}
	capabilities, err := capabilitiesOf(request.Options.Cluster)
	if err != nil {
		return nil, err
	}
	if want := c.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, capabilities.KubeVersion.String()) {
		return nil, &build.Error{File: at, Err: fmt.Errorf("the chart wants Kubernetes %s, the cluster is %s", want, capabilities.KubeVersion.Version)}
	}
	release := common.ReleaseOptions{Name: request.Options.Release, Namespace: request.Options.Namespace, Revision: revision, IsInstall: true}
	top, err := util.ToRenderValuesWithSchemaValidation(c, given, release, capabilities, true)
	if err != nil {
		return nil, &build.Error{File: at, Err: fmt.Errorf("merging values: %w", err)}
	}
	merged, _ := asMap(hiding.show(top["Values"]))
	top["Values"] = values(merged)
	return top, nil
}

// capabilitiesOf gives .Capabilities. API versions among which is "v1" are all that the
// cluster serves; others are added to Helm's default, as by its flag.
func capabilitiesOf(cluster build.Capabilities) (*common.Capabilities, error) {
	c := common.DefaultCapabilities.Copy()
	if cluster.KubeVersion != "" {
		version, err := common.ParseKubeVersion(cluster.KubeVersion)
		if err != nil {
			return nil, fmt.Errorf("reading the Kubernetes version %q: %w", cluster.KubeVersion, err)
		}
		c.KubeVersion = *version
	}
	c.APIVersions = slices.Concat(c.APIVersions, cluster.APIVersions)
	if slices.Contains(cluster.APIVersions, "v1") {
		c.APIVersions = cluster.APIVersions
	}
	return c, nil
}

// checkDependencies tells which of the chart's dependencies don't lie in its charts folder
// in a version that is wanted, and bounds how many charts come of those that do: aliases
// of charts with aliases multiply.
func checkDependencies(at string, c *v2.Chart) error {
	var errs []error
	for _, want := range c.Metadata.Dependencies {
		var found string
		ok := slices.ContainsFunc(c.Dependencies(), func(d *v2.Chart) bool {
			if d.Name() == want.Name {
				found = d.Metadata.Version
			}
			return matches(want, d)
		})
		switch {
		case ok:
		case found != "":
			errs = append(errs, &build.Error{File: at, Err: fmt.Errorf("dependency %q is wanted in version %s, but charts holds %s", want.Name, want.Version, found), Hint: dependencyHint})
		default:
			errs = append(errs, &build.Error{File: at, Err: fmt.Errorf("dependency %q doesn't lie in charts", want.Name), Hint: dependencyHint})
		}
	}
	if len(errs) == 0 && instances(c) > maxLoaded {
		return &build.Error{File: at, Err: fmt.Errorf("more than %d charts come of the dependencies", maxLoaded)}
	}
	return errors.Join(errs...)
}

const dependencyHint = "nothing is fetched while rendering: run helm dependency build and commit the charts folder"

func matches(want *v2.Dependency, d *v2.Chart) bool {
	return d.Name() == want.Name && chartutil.IsCompatibleRange(want.Version, d.Metadata.Version)
}

// instances counts a chart and all that come of its dependencies.
func instances(c *v2.Chart) int {
	n := 1
	for _, d := range c.Dependencies() {
		times := 0
		for _, want := range c.Metadata.Dependencies {
			if matches(want, d) {
				times++
			}
		}
		n = min(n+max(times, 1)*instances(d), maxLoaded+1)
	}
	return n
}

// checkEnabled tells which dependencies of dependencies are wanted, but don't lie there:
// Helm would leave them out in silence.
func checkEnabled(at string, c *v2.Chart) error {
	var errs []error
	for _, want := range c.Metadata.Dependencies {
		if !slices.ContainsFunc(c.Dependencies(), func(d *v2.Chart) bool { return d.Name() == want.Name }) {
			errs = append(errs, &build.Error{File: at, Err: fmt.Errorf("dependency %q of chart %q doesn't lie in its charts folder", want.Name, c.ChartPath()), Hint: dependencyHint})
		}
	}
	for _, d := range c.Dependencies() {
		errs = append(errs, checkEnabled(at, d))
	}
	return errors.Join(errs...)
}
