package edit

import (
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// knownFields are the fields that hold a whole image in the objects of well-known
// projects, under another name than image.
func knownFields(o object) []fieldRule {
	keys := func(names ...string) fieldRule {
		var r fieldRule
		for _, name := range names {
			r.steps = append(r.steps, step{key: name, list: name == "[]"})
		}
		return r
	}
	switch o.group + "/" + o.kind {
	case "postgresql.cnpg.io/Cluster": // CloudNativePG
		return []fieldRule{keys("spec", "imageName")}
	case "pkg.crossplane.io/Provider", "pkg.crossplane.io/Configuration", "pkg.crossplane.io/Function":
		r := keys("spec", "package")
		r.hosted = true // one without a host isn't Docker Hub's
		return []fieldRule{r}
	case "acid.zalan.do/postgresql": // Zalando's operator
		return []fieldRule{keys("spec", "dockerImage")}
	case "cassandra.datastax.com/CassandraDatacenter":
		return []fieldRule{keys("spec", "serverImage")}
	case "k8ssandra.io/K8ssandraCluster":
		return []fieldRule{keys("spec", "cassandra", "serverImage")}
	case "pxc.percona.com/PerconaXtraDBCluster", "psmdb.percona.com/PerconaServerMongoDB", "ps.percona.com/PerconaServerMySQL":
		return []fieldRule{keys("spec", "initImage")}
	case "cdi.kubevirt.io/DataVolume":
		return []fieldRule{url(keys("spec", "source", "registry", "url"))}
	case "kubevirt.io/VirtualMachine":
		return []fieldRule{url(keys("spec", "dataVolumeTemplates", "[]", "spec", "source", "registry", "url"))}
	case "extensions.istio.io/WasmPlugin":
		return []fieldRule{url(keys("spec", "url"))}
	case "fluxcd.controlplane.io/FluxInstance":
		return []fieldRule{url(keys("spec", "distribution", "artifact"))}
	}
	return nil
}

// url makes a rule one for images behind oci:// or docker://.
func url(r fieldRule) fieldRule {
	r.url = true
	return r
}

// tektonBundle looks at the parameters of Tekton's bundles resolver, of which one is
// the image that holds the tasks.
func (c *collector) tektonBundle(n *yaml.Node) {
	if c.group != "tekton.dev" || text(lookup(n, "resolver")) != "bundles" {
		return
	}
	for i, item := range elements(below(n, "params")) {
		value := lookupRaw(item, "value")
		if text(lookup(item, "name")) == "bundle" && value != nil && resolve(value).Kind == yaml.ScalarNode {
			s := c.site(value, ".params["+strconv.Itoa(i)+"].value")
			c.on(value, func() bool { return c.whole(FormField, s) })
		}
	}
}
