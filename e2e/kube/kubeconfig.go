package main

import (
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// writeKubeconfig writes a kubeconfig that holds the identity's certificate and
// key itself, so that it may be copied elsewhere.
func (d keyDir) writeKubeconfig(file, server, name string) error {
	const context = "towline-test"
	config := clientcmdapi.NewConfig()
	config.Clusters[context] = &clientcmdapi.Cluster{Server: server, CertificateAuthority: d.file("ca.crt")}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificate: d.file(name + ".crt"),
		ClientKey:         d.file(name + ".key"),
	}
	config.Contexts[context] = &clientcmdapi.Context{Cluster: context, AuthInfo: name}
	config.CurrentContext = context
	if err := clientcmdapi.FlattenConfig(config); err != nil {
		return err
	}
	return clientcmd.WriteToFile(*config, file)
}
