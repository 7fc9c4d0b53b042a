//! What people call the applications and resources that a request names.

/// The name of an application that is widely known by its client ID. Any program may use the ID.
pub(crate) fn application(client_id: &str) -> Option<&'static str> {
    const APPLICATIONS: [(&str, &str); 9] = [
        ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Azure CLI"),
        ("1950a258-227b-4e31-a9cf-717495945fc2", "Azure PowerShell"),
        ("aebc6443-996d-45c2-90f0-388ff96faa56", "Visual Studio Code"),
        ("872cd9fa-d31f-45e0-9eab-6e460a02d1f1", "Visual Studio"),
        (
            "14d82eec-204b-4c2f-b7e8-296a70dab67e",
            "Microsoft Graph command-line tools",
        ),
        (
            "80faf920-1908-4b52-b5ef-a8e7bedfc67a",
            "Azure Kubernetes Service",
        ),
        (
            "d735b71b-9eee-4a4f-ad23-421660877ba6",
            "Git Credential Manager",
        ),
        ("d7304df8-741f-47d3-9bc2-df0e24e2071f", "Microsoft Edge"),
        ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams"),
    ];
    APPLICATIONS
        .iter()
        .find(|(id, _)| id.eq_ignore_ascii_case(client_id))
        .map(|(_, name)| *name)
}

/// A resource, or several of them, in words.
pub(crate) fn resource(resource: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for each in resource.split_ascii_whitespace() {
        let word = known_resource(each).unwrap_or(each);
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

fn known_resource(resource: &str) -> Option<&'static str> {
    let host = resource
        .split_once("://")
        .map_or(resource, |(_, rest)| rest)
        .trim_end_matches('/');
    RESOURCES
        .iter()
        .find(|(hosts, _)| {
            hosts.iter().any(|known| {
                // A name that begins with a dot is that of every host below it.
                match known.strip_prefix('.') {
                    Some(_) => host.ends_with(known),
                    None => host.eq_ignore_ascii_case(known),
                }
            })
        })
        .map(|(_, name)| *name)
}

const RESOURCES: &[(&[&str], &str)] = &[
    (
        &[
            "vault.azure.net",
            "vault.azure.cn",
            "vault.usgovcloudapi.net",
        ],
        "Azure Key Vault",
    ),
    (&["managedhsm.azure.net"], "Azure Key Vault Managed HSM"),
    (
        &[
            "management.azure.com",
            "management.core.windows.net",
            "management.chinacloudapi.cn",
            "management.core.chinacloudapi.cn",
            "management.usgovcloudapi.net",
            "management.core.usgovcloudapi.net",
        ],
        "Azure resource management",
    ),
    (
        &[
            "graph.microsoft.com",
            "microsoftgraph.chinacloudapi.cn",
            "graph.microsoft.us",
            "00000003-0000-0000-c000-000000000000",
        ],
        "Microsoft Graph",
    ),
    (
        &[
            "storage.azure.com",
            ".blob.core.windows.net",
            ".queue.core.windows.net",
        ],
        "Azure Storage",
    ),
    (
        &[
            "database.windows.net",
            "database.usgovcloudapi.net",
            "database.chinacloudapi.cn",
        ],
        "Azure SQL Database",
    ),
    (
        &["ossrdbms-aad.database.windows.net"],
        "Azure Database for PostgreSQL and MySQL",
    ),
    (
        &["cosmos.azure.com", ".documents.azure.com"],
        "Azure Cosmos DB",
    ),
    (
        &[
            "499b84ac-1321-427f-aa17-267ca6975798",
            "app.vssps.visualstudio.com",
            "dev.azure.com",
        ],
        "Azure DevOps",
    ),
    (
        &["6dae42f8-4368-4678-94ff-3960e28e3630"],
        "Azure Kubernetes Service",
    ),
    (
        &["servicebus.azure.net", ".servicebus.windows.net"],
        "Azure Service Bus",
    ),
    (&["eventhubs.azure.net"], "Azure Event Hubs"),
    (&["azconfig.io", ".azconfig.io"], "Azure App Configuration"),
    (&["containerregistry.azure.net"], "Azure Container Registry"),
    (
        &["cognitiveservices.azure.com", "cognitiveservices.azure.us"],
        "Azure AI services",
    ),
    (&["ai.azure.com"], "Azure AI Foundry"),
    (&["ml.azure.com"], "Azure Machine Learning"),
    (&["search.azure.com"], "Azure AI Search"),
    (&["dev.azuresynapse.net"], "Azure Synapse"),
    (
        &[".kusto.windows.net", "api.kusto.windows.net"],
        "Azure Data Explorer",
    ),
    (
        &["api.loganalytics.io", "api.loganalytics.azure.com"],
        "Azure Log Analytics",
    ),
    (&["monitor.azure.com"], "Azure Monitor"),
    (&["batch.core.windows.net"], "Azure Batch"),
    (
        &["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"],
        "Azure Databricks",
    ),
    (&["outlook.office.com", "outlook.office365.com"], "Outlook"),
    (&[".sharepoint.com"], "SharePoint"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_named_as_people_name_them() {
        for (given, words) in [
            ("https://vault.azure.net", "Azure Key Vault"),
            ("https://acme.documents.azure.com", "Azure Cosmos DB"),
            ("499b84ac-1321-427f-aa17-267ca6975798", "Azure DevOps"),
            ("api://own", "api://own"),
            (
                "https://vault.azure.net.evil.example",
                "https://vault.azure.net.evil.example",
            ),
            (
                "https://evildocuments.azure.com",
                "https://evildocuments.azure.com",
            ),
            (
                "https://vault.azure.cn https://vault.azure.net https://x.example",
                "Azure Key Vault, https://x.example",
            ),
        ] {
            assert_eq!(resource(given), words, "{given}");
        }
        assert_eq!(
            application("04B07795-8DDB-461A-BBEE-02F9E1BF7B46"),
            Some("Azure CLI")
        );
        assert_eq!(application("5eed0000-0000-4000-8000-000000000001"), None);
    }
}
