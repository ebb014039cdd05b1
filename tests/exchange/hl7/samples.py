"""Builds HL7 messages about plainly invented people, one segment a line."""

MSH = "MSH|^~\\&|RIS|SHADY|DESK|SHADY|20261119101500||{type}|{control_id}|P|2.5.1"
ADDRESS = "12 Invented Lane^^Pittsburgh^PA^15232"
PID = f"PID|1||M1^^^SHADY^MR||Sample-Oak^Testa^Quill||19700201|F|||{ADDRESS}||4125550142^PRN^CP"
SCREENING = "77067^Screening mammogram^CPT"


def build_message(type_: str, *segments: str, control_id: str = "C1", msh: str = MSH) -> bytes:
    """The bytes of a message with these segments below its MSH."""
    return "\r".join((msh.format(type=type_, control_id=control_id), *segments)).encode()


def build_report(
    *observations: str, accession: str = "A1", status: str = "F", pid: str = PID, control_id: str = "C1",
    reported: str = "20261119100000", procedure: str = SCREENING, observed: str = "20261102093000",
) -> bytes:  # fmt: skip
    """An ORU of a screening mammogram; each observation is a line of its report, or a whole OBX."""
    obr = (
        f"OBR|1|P{accession}|{accession}|{procedure}|||{observed}|||||||||1990000001^Example^Referra||||||"
        f"{reported}|||{status}|||||||7&Reader&Rana"
    )
    lines = [
        line if line.startswith("OBX") else f"OBX|{number}|TX|REPORT^Report||{line}||||||{status}"
        for number, line in enumerate(observations, 1)
    ]
    return build_message("ORU^R01^ORU_R01", pid, obr, *lines, control_id=control_id)
