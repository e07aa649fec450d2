//! Where the vendor serves the API from: its host names by data centre (contract 1.1).

/// The host names of one data centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataCentre {
    /// How the vendor calls it.
    pub name: &'static str,
    /// The API; what `api_domain` names.
    pub api: &'static str,
    /// Where tokens are exchanged.
    pub accounts: &'static str,
    /// Where files go up and come down, through all generations of hosts, and the API of other environments.
    pub others: &'static [&'static str],
}

/// Every data centre that the contract knows.
pub const DATA_CENTRES: &[DataCentre] = &[
    DataCentre {
        name: "US",
        api: "www.zohoapis.com",
        accounts: "accounts.zoho.com",
        others: &[
            "content.zohoapis.com",
            "upload.zoho.com",
            "upload-accl.zoho.com",
            "download-accl.zoho.com",
            "sandbox.zohoapis.com",
            "developer.zohoapis.com",
        ],
    },
    DataCentre {
        name: "EU",
        api: "www.zohoapis.eu",
        accounts: "accounts.zoho.eu",
        others: &[
            "content.zohoapis.eu",
            "upload.zoho.eu",
            "upload-accl.zoho.eu",
            "download-accl.zoho.eu",
            "sandbox.zohoapis.eu",
            "developer.zohoapis.eu",
        ],
    },
    DataCentre {
        name: "IN",
        api: "www.zohoapis.in",
        accounts: "accounts.zoho.in",
        others: &[
            "content.zohoapis.in",
            "upload.zoho.in",
            "upload-accl.zoho.in",
            "download-accl.zoho.in",
            "sandbox.zohoapis.in",
            "developer.zohoapis.in",
        ],
    },
    DataCentre {
        name: "AU",
        api: "www.zohoapis.com.au",
        accounts: "accounts.zoho.com.au",
        others: &[
            "content.zohoapis.com.au",
            "upload.zoho.com.au",
            "download-accl.zoho.com.au",
            "sandbox.zohoapis.com.au",
            "developer.zohoapis.com.au",
        ],
    },
    DataCentre {
        name: "CN",
        api: "www.zohoapis.com.cn",
        accounts: "accounts.zoho.com.cn",
        others: &[
            "content.zohoapis.com.cn",
            "upload.zoho.com.cn",
            "download-accl.zoho.com.cn",
            "sandbox.zohoapis.com.cn",
            "developer.zohoapis.com.cn",
        ],
    },
    DataCentre {
        name: "JP",
        api: "www.zohoapis.jp",
        accounts: "accounts.zoho.jp",
        others: &[
            "content.zohoapis.jp",
            "upload.zoho.jp",
            "download-accl.zoho.jp",
            "sandbox.zohoapis.jp",
            "developer.zohoapis.jp",
        ],
    },
    DataCentre {
        name: "CA",
        api: "www.zohoapis.ca",
        accounts: "accounts.zohocloud.ca",
        others: &["upload.zohocloud.ca", "download-accl.zohocloud.ca", "sandbox.zohoapis.ca", "developer.zohoapis.ca"],
    },
    DataCentre {
        name: "SA",
        api: "www.zohoapis.sa",
        accounts: "accounts.zoho.sa",
        others: &["files.zoho.sa", "download-accl.zoho.sa", "sandbox.zohoapis.sa", "developer.zohoapis.sa"],
    },
];

impl DataCentre {
    /// Its host names, the API's first.
    pub fn hosts(&self) -> impl Iterator<Item = &'static str> {
        [self.api, self.accounts].into_iter().chain(self.others.iter().copied())
    }
}

/// The data centre that a host name belongs to. Names are compared without case.
pub fn data_centre_of(host: &str) -> Option<&'static DataCentre> {
    DATA_CENTRES.iter().find(|centre| centre.hosts().any(|known| known.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_belongs_to_one_data_centre() {
        let all: Vec<&str> = DATA_CENTRES.iter().flat_map(DataCentre::hosts).collect();
        let distinct: std::collections::HashSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
        let check = |host: &str, expected: Option<&str>| {
            assert_eq!(data_centre_of(host).map(|centre| centre.name), expected, "{host}");
        };
        check("www.zohoapis.com", Some("US"));
        check("Accounts.Zoho.EU", Some("EU"));
        check("accounts.zohocloud.ca", Some("CA"));
        check("files.zoho.sa", Some("SA"));
        check("download-accl.zoho.com", Some("US"));
        check("zohoapis.com", None);
        check("www.zohoapis.com.evil.example", None);
        check("localhost", None);
    }
}
