"""The public sources that statistics and explainers rest on, by source id."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Source:
    """A public page or paper that a text rests on; its facts were used, never its sentences."""

    id: str
    title: str
    url: str


_SOURCES: Final = (
    Source(
        "BCSC-2009",
        "Breast Cancer Surveillance Consortium, screening benchmarks 2009, table 3 (screens 2002 to 2006)",
        "https://webarchive.library.unt.edu/web/20130213232816/http:/breastscreening.cancer.gov/data/benchmarks/screening/2009/table3.html",
    ),
    Source(
        "BCSC-DIAGNOSTIC",
        "Breast Cancer Surveillance Consortium, diagnostic benchmarks, table 3 (exams 1996 to 2005)",
        "https://webarchive.library.unt.edu/eot2008/20090130184005/http:/breastscreening.cancer.gov/data/benchmarks/diagnostic/table3.html",
    ),
    Source(
        "BCSC-IMMEDIATE",
        "Breast Cancer Surveillance Consortium, prioritizing screening mammograms for immediate interpretation",
        "https://www.bcsc-research.org/bcsc-blog/immed-interp-screen-mamms-reduce-harms",
    ),
    Source(
        "LEHMAN-2017",
        "Lehman and others 2017, national performance benchmarks for modern screening digital mammography",
        "https://pmc.ncbi.nlm.nih.gov/articles/PMC5375631",
    ),
    Source(
        "SPRAGUE-2014",
        "Sprague and others 2014, prevalence of mammographically dense breasts in the United States",
        "https://doi.org/10.1093/jnci/dju255",
    ),
    Source(
        "BIRADS-2013",
        "BI-RADS assessment categories and likelihood of cancer (5th edition, 2013), table",
        "https://html.scirp.org/file/_6-2060219_2.htm",
    ),
    Source(
        "BERG-2020",
        "Berg and others 2020, BI-RADS category 3 in the National Mammography Database (abstract)",
        "https://www.scribd.com/document/753191710/BIRADS-3",
    ),
    Source(
        "LEUNG-2007",
        "Leung and Sickles 2007, developing asymmetry identified on mammography, AJR 188:667",
        "https://doi.org/10.2214/ajr.06.0413",
    ),
    Source(
        "DISTORTION-REVIEW-2022",
        "Architectural distortion on tomosynthesis, La Radiologia Medica 2022",
        "https://link.springer.com/article/10.1007/s11547-022-01570-w",
    ),
    Source(
        "RADIOLOGY-KEY-ASYMMETRY",
        "Asymmetry and architectural distortion, textbook chapter",
        "https://oncohemakey.com/asymmetry-and-architectural-distortion",
    ),
    Source(
        "WEILL-NODES-1997",
        "Clinical importance of unilaterally enlarging lymph nodes on otherwise normal mammograms, 1997",
        "https://vivo.weill.cornell.edu/display/pubid9114083",
    ),
    Source(
        "CLINICAL-RECALL-UK",
        "Clinical recall from the NHS Breast Screening Programme",
        "https://breast-cancer-research.biomedcentral.com/articles/10.1186/bcr3289",
    ),
    Source(
        "PRIORS-2018",
        "Arrival of prior mammograms negates recall, 2018 (PMID 30196816)",
        "https://pubmed.ncbi.nlm.nih.gov/30196816",
    ),
    Source(
        "MQSA-RULE",
        "Mammography Quality Standards Act, 21 CFR 900.12 as amended 2023",
        "http://federal.elaws.us/fr/notice/3/10/2023/2023-04550",
    ),
    Source(
        "HRSA-2024",
        "HRSA, update to the women's preventive services guidelines, 2024-31228",
        "http://federal.elaws.us/fr/12/30/2024/2024-31228",
    ),
    Source(
        "SURVEILLANCE-2013",
        "BI-RADS 3 surveillance protocols, AJR 2013",
        "https://www.ajronline.org/doi/10.2214/AJR.13.11137",
    ),
    Source(
        "ANXIETY-RECALL",
        "Short-term and long-term anxiety after recall",
        "https://pubmed.ncbi.nlm.nih.gov/11267855/",
    ),
    Source(
        "BOND-2015",
        "Bond and others 2015, what people recalled after screening want to know, BMJ Open",
        "http://bmjopen.bmj.com/content/5/1/e005855",
    ),
    Source(
        "ACS-CALLED-BACK",
        "American Cancer Society, if you're called back after a mammogram",
        "https://www.cancer.org/latest-news/if-youre-called-back-after-a-mammogram.html",
    ),
    Source(
        "ACS-IMPLANTS",
        "American Cancer Society, mammograms for people with breast implants",
        "https://www.cancer.org/cancer/types/breast-cancer/screening-tests-and-early-detection/mammograms/mammograms-for-women-with-breast-implants.html",
    ),
    Source(
        "UPMC-2020",
        "UPMC HealthBeat, called back after a mammogram",
        "https://share.upmc.com/2020/10/called-back-after-mammogram",
    ),
    Source(
        "UVM-CALLED-BACK",
        "University of Vermont Medical Center, called back after a mammogram",
        "https://medcenterblog.uvmhealth.org/cancer/breast-cancer-called-mammogram/",
    ),
    Source(
        "UNDERSTAND-CALLBACK",
        "Understand My Scan, called back after a mammogram",
        "https://understandmyscan.com/education/breast/misc/called-back-after-mammogram.html",
    ),
    Source(
        "SHARECARE-CALLED-BACK",
        "Sharecare, what if I'm called back from a screening mammogram",
        "https://www.sharecare.com/health/womens-health/what-called-back-screening-mammogram",
    ),
    Source(
        "DANA-FARBER-CALCIFICATIONS",
        "Dana-Farber Cancer Institute, breast calcifications: what you need to know",
        "https://blog.dana-farber.org/insight/tag/breast-calcifications/",
    ),
    Source(
        "BCN-DUCT-ECTASIA",
        "Breast Cancer Now, duct ectasia",
        "https://breastcancernow.org/information-support/have-i-got-breast-cancer/breast-pain-other-benign-conditions/duct-ectasia",
    ),
    Source(
        "NCI-DUCT-ECTASIA",
        "National Cancer Institute dictionary, mammary duct ectasia",
        "https://www.cancer.gov/publications/dictionaries/cancer-terms/def/mammary-duct-ectasia",
    ),
    Source(
        "BAYCARE-MRI",
        "BayCare health library, breast MRI",
        "https://www.baycare.org/health-library/breast-mri",
    ),
    Source("OAKLAND-MRI", "Oakland MRI, is a breast MRI safe", "https://www.oaklandmri.com/is-a-breast-mri-safe/"),
    Source(
        "LUMUS-CEM",
        "Lumus Imaging, contrast enhanced mammography",
        "https://www.lumusimaging.com.au/patient-information/contrast-enhanced-mammography-cem",
    ),
    Source(
        "JEFFERSON-ASPIRATION",
        "Jefferson Radiology, ultrasound guided cyst aspiration",
        "https://www.jeffersonradiology.com/services/ultrasound-guided-cyst-aspiration-fine-needle-aspiration/",
    ),
    Source(
        "TEXAS-ONCOLOGY-EXAM",
        "Texas Oncology, clinical breast exam",
        "https://www.texasoncology.com/breast-care/clinical-breast-exam",
    ),
    Source(
        "NOVAK-SURGEON-VISIT",
        "Breast Investigators, preparation for the first visit to a surgeon",
        "https://breastinvestigators.org/expectations-and-preparation-for-your-first-surgeons-office-visit/",
    ),
    Source("RADLTD-MRI", "Radiology Ltd, breast MRI", "https://radltd.com/exams/breast-mri-tucson-az/"),
    Source(
        "WHITTINGTON-CORE-BIOPSY",
        "Whittington Health NHS Trust, ultrasound guided breast biopsy",
        "https://www.whittington.nhs.uk/mini-apps/leaflet/?id=583",
    ),
    Source(
        "YEOVIL-CORE-BIOPSY",
        "Yeovil Hospital, ultrasound guided core biopsy",
        "https://yeovilhospital.co.uk/ultrasound-guided-core-biopsy/",
    ),
    Source(
        "EMORY-CORE-BIOPSY",
        "Emory Healthcare, ultrasound-guided core biopsy",
        "https://www.emoryhealthcare.org/centers-programs/radiology/treatments/ultrasound-guided-biopsy",
    ),
    Source(
        "LEEDS-VACUUM-BIOPSY",
        "Leeds Teaching Hospitals NHS Trust, x-ray guided vacuum assisted breast biopsy",
        "https://www.leedsth.nhs.uk/patients/resources/x-ray-guided-vacuum-assisted-breast-biopsy/",
    ),
    Source(
        "GENESIS-VACUUM-BIOPSY",
        "Genesis Health System, stereotactic vacuum assisted biopsy",
        "https://www.genesishealth.com/a-z/cancer/treat/breast/diagnosis/sterotactic_vacuum/",
    ),
)

SOURCES: Final[Mapping[str, Source]] = MappingProxyType({source.id: source for source in _SOURCES})
