package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group and Version name this API; Kind names its one resource.
const (
	Group   = "towline.dev"
	Version = "v1"
	Kind    = "Sync"
)

// GroupVersion gives the group and version of all types of this package.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}

// AddToScheme makes the types of this package known to a scheme, as clients and
// caches need it.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion(), &Sync{}, &SyncList{})
	metav1.AddToGroupVersion(s, GroupVersion())
	return nil
}
